{{/* What every pod of the stack has: nobody's account, not root, spread, its place in the queue. (dict "root" "component") */}}
{{- define "stack.podSettings" -}}
{{- $pod := .root.Values.pod -}}
automountServiceAccountToken: false
serviceAccountName: {{ default "default" $pod.serviceAccountName }}
# Addresses of the other nodes come as variables: no name has to be looked up, and a silent DNS server stops nothing.
enableServiceLinks: true
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $pod.user }}
  runAsGroup: {{ $pod.group }}
  fsGroup: {{ $pod.group }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Where the pods of a group go: apart from each other. (dict "root" "component" "shard", "apart") */}}
{{- define "stack.spread" -}}
{{- $root := .root -}}
{{- $all := include "stack.selector" (dict "root" .root "component" .component) -}}
{{- with .root.Values.pod.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- else }}
affinity:
  podAntiAffinity:
    {{- $term := include "stack.apart" . }}
    {{- if eq (default .root.Values.pod.apart .apart) "required" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - {{- $term | nindent 8 }}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          {{- $term | nindent 10 }}
    {{- end }}
{{- end }}
topologySpreadConstraints:
  {{- range .root.Values.pod.spreadOver }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $all | nindent 8 }}
        {{- with $.shard }}
        redis-stack/shard: {{ . | quote }}
        {{- end }}
  {{- end }}
{{- end }}

{{/* Two copies of the same data, or two Sentinels, never share a machine. */}}
{{- define "stack.apart" -}}
topologyKey: kubernetes.io/hostname
labelSelector:
  matchLabels:
    {{- include "stack.selector" (dict "root" .root "component" .component) | nindent 4 }}
    {{- with .shard }}
    redis-stack/shard: {{ . | quote }}
    {{- end }}
{{- end }}

{{- define "stack.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Memory is a promise: as much as it may take, and no more. The CPU has no limit: a throttled fork looks like a failure. */}}
{{- define "stack.resources" -}}
requests: { cpu: {{ .cpu }}, memory: {{ .memory }} }
limits: { memory: {{ .memory }} }
{{- end }}

{{/* What the scripts are told in every container; the rest is in the list of nodes. */}}
{{- define "stack.environment" -}}
- { name: STACK_POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: STACK_SERVER, value: {{ .Values.engine.server }} }
- { name: STACK_CLI, value: {{ .Values.engine.cli }} }
{{- if .Values.tls.enabled }}
- { name: STACK_TLS_CA, value: /run/tls/ca.crt }
{{- end }}
{{- end }}

{{- define "stack.mounts" -}}
- { name: stack, mountPath: /stack, readOnly: true }
- { name: secrets, mountPath: /run/secrets, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- if .Values.tls.enabled }}
- { name: tls, mountPath: /run/tls, readOnly: true }
{{- end }}
{{- end }}

{{/* The volumes behind those mounts; of all passwords only those that are named. (dict "root" "users" "tls": "pair" or "ca", "optional") */}}
{{- define "stack.volumes" -}}
- name: stack
  projected:
    sources:
      - configMap:
          name: {{ include "stack.fullname" .root }}-config
          {{- if .optional }}
          optional: true
          {{- end }}
      - configMap:
          name: {{ include "stack.fullname" .root }}-scripts
          {{- if .optional }}
          optional: true
          {{- end }}
          items:
            {{- range $path, $_ := .root.Files.Glob "files/scripts/*.sh" }}
            - { key: {{ base $path }}, path: scripts/{{ base $path }} }
            {{- end }}
- name: secrets
  secret:
    secretName: {{ include "stack.secret" .root }}
    defaultMode: 0440
    {{- if .optional }}
    optional: true
    {{- end }}
    items:
      {{- range .users }}
      - { key: {{ . }}, path: {{ . }} }
      {{- end }}
- { name: tmp, emptyDir: { medium: Memory, sizeLimit: 16Mi } }
{{- if .root.Values.tls.enabled }}
- name: tls
  secret:
    secretName: {{ include "stack.tlsSecret" .root }}
    defaultMode: 0440
    {{- if .optional }}
    optional: true
    {{- end }}
    items:
      - { key: ca.crt, path: ca.crt }
      {{- if eq .tls "pair" }}
      - { key: tls.crt, path: tls.crt }
      - { key: tls.key, path: tls.key }
      {{- end }}
{{- end }}
{{- end }}

{{/* A server. (dict "root" "kind" "memory" "cpu" "grace" "startup" "port") */}}
{{- define "stack.server" -}}
{{- $root := .root -}}
- name: server
  image: {{ include "stack.image" $root.Values.image }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  # No entrypoint of an image is relied on.
  command: [sh, /stack/scripts/pod.sh, server]
  env:
    {{- include "stack.environment" $root | nindent 4 }}
    {{- if $root.Values.tls.enabled }}
    - { name: STACK_TLS_CERT, value: /run/tls/tls.crt }
    - { name: STACK_TLS_KEY, value: /run/tls/tls.key }
    {{- end }}
    {{- if and (eq .kind "data") (gt (int $root.Values.replicas) 0) }}
    - { name: STACK_ON_STOP, value: handover }
    - { name: STACK_HANDOVER_SECONDS, value: {{ $root.Values.stop.handoverSeconds | quote }} }
    {{- end }}
    {{- if and (eq .kind "data") (eq $root.Values.topology "cluster") }}
    - { name: STACK_DOMAIN, value: {{ printf "%s.svc.%s" $root.Release.Namespace $root.Values.clusterDomain }} }
    - { name: STACK_ENDPOINT, value: {{ ternary "hostname" "ip" $root.Values.tls.enabled }} }
    {{- end }}
  ports:
    - { name: {{ ternary "sentinel" "redis" (eq .kind "sentinel") }}, containerPort: {{ .port }} }
    {{- if and (eq .kind "data") (eq $root.Values.topology "cluster") }}
    - { name: bus, containerPort: {{ $root.Values.ports.bus }} }
    {{- end }}
  # Loading may take this long; nobody kills it meanwhile.
  startupProbe:
    exec: { command: [sh, /stack/scripts/probe.sh, started] }
    periodSeconds: 5
    timeoutSeconds: 5
    failureThreshold: {{ div (add .startup 4) 5 }}
  # Any answer is a sign of life, an error as well: a server that loads, waits or is busy is not to be killed.
  livenessProbe:
    exec: { command: [sh, /stack/scripts/probe.sh, alive] }
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  # Clients are sent here when it serves: not while it loads, and a replica not before it has its copy.
  readinessProbe:
    exec: { command: [sh, /stack/scripts/probe.sh, ready] }
    periodSeconds: 5
    timeoutSeconds: 5
    failureThreshold: 2
  resources:
    {{- include "stack.resources" (dict "cpu" .cpu "memory" .memory) | nindent 4 }}
  securityContext:
    {{- include "stack.confined" . | nindent 4 }}
  volumeMounts:
    {{- include "stack.mounts" $root | nindent 4 }}
    - { name: run, mountPath: /run/stack }
    - { name: data, mountPath: /data }
{{- end }}
