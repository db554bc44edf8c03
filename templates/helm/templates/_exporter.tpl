{{/* Beside each server, where it is to be watched. (dict "root" "port") */}}
{{- define "stack.exporter" -}}
{{- $m := .root.Values.monitoring -}}
{{- if $m.enabled }}
- name: exporter
  image: {{ include "stack.image" $m.image }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  env:
    - { name: REDIS_ADDR, value: {{ printf "%s127.0.0.1:%v" (ternary "rediss://" "" .root.Values.tls.enabled) .port | quote }} }
    - { name: REDIS_USER, value: exporter }
    # Written by the container that comes first: this image has no shell to take one line of a file.
    - { name: REDIS_PASSWORD_FILE, value: /run/exporter/passwords.json }
    # It tries twice, and has to be done before Prometheus loses patience.
    - { name: REDIS_EXPORTER_CONNECTION_TIMEOUT, value: 3s }
    # Its user may not read settings: the password of the replicas is one of them.
    - { name: REDIS_EXPORTER_CONFIG_COMMAND, value: "-" }
    {{- if .root.Values.tls.enabled }}
    - { name: REDIS_EXPORTER_TLS_CA_CERT_FILE, value: /run/tls/ca.crt }
    {{- end }}
  ports:
    - { name: metrics, containerPort: 9121 }
  livenessProbe:
    httpGet: { path: /health, port: metrics }
    periodSeconds: 15
    timeoutSeconds: 5
    failureThreshold: 4
  resources:
    {{- include "stack.resources" (dict "cpu" "20m" "memory" "64Mi") | nindent 4 }}
  securityContext:
    {{- include "stack.confined" . | nindent 4 }}
  volumeMounts:
    - { name: exporter, mountPath: /run/exporter, readOnly: true }
    {{- if .root.Values.tls.enabled }}
    - { name: tls, mountPath: /run/tls, readOnly: true }
    {{- end }}
{{- end }}
{{- end }}

{{/* What comes before the exporter. (dict "root" "port") */}}
{{- define "stack.exporterFirst" -}}
{{- if .root.Values.monitoring.enabled }}
initContainers:
  - name: exporter-password
    image: {{ include "stack.image" .root.Values.image }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    command: [sh, /stack/scripts/pod.sh, exporter-password]
    env:
      {{- include "stack.environment" .root | nindent 6 }}
    resources:
      {{- include "stack.resources" (dict "cpu" "20m" "memory" "32Mi") | nindent 6 }}
    securityContext:
      {{- include "stack.confined" . | nindent 6 }}
    volumeMounts:
      {{- include "stack.mounts" .root | nindent 6 }}
      - { name: exporter, mountPath: /run/exporter }
{{- end }}
{{- end }}

{{- define "stack.exporterVolumes" -}}
{{- if .Values.monitoring.enabled }}
- { name: exporter, emptyDir: { medium: Memory, sizeLimit: 1Mi } }
{{- end }}
{{- end }}

{{/* How its figures are fetched. */}}
{{- define "stack.scraped" -}}
port: metrics
interval: 15s
scrapeTimeout: 10s
relabelings:
  # The labels that the alerts ask for.
  - { targetLabel: stack, replacement: {{ include "stack.fullname" . }} }
  - { targetLabel: kind, sourceLabels: [__meta_kubernetes_pod_label_app_kubernetes_io_component], regex: node, replacement: data }
  - { targetLabel: kind, sourceLabels: [__meta_kubernetes_pod_label_app_kubernetes_io_component], regex: sentinel, replacement: sentinel }
  - { targetLabel: shard, sourceLabels: [__meta_kubernetes_pod_label_redis_stack_shard] }
  - { targetLabel: node, sourceLabels: [__meta_kubernetes_pod_name] }
{{- end }}
