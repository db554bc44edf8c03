{{/* The chart's short name. */}}
{{- define "stack.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end }}

{{/* What every object's name begins with: the release, unless it says the chart's name already. */}}
{{- define "stack.fullname" -}}
{{- $name := include "stack.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- end }}

{{/* Labels that never change: selectors use no others. Called with (dict "root" $ "component" "node"). */}}
{{- define "stack.selector" -}}
app.kubernetes.io/name: {{ include "stack.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Labels of an object. Called as stack.selector is. */}}
{{- define "stack.labels" -}}
{{ include "stack.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: {{ include "stack.name" .root | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of a pod: no version, so that a new chart alone restarts nothing. */}}
{{- define "stack.podLabels" -}}
{{ include "stack.selector" . }}
{{- with .root.Values.pod.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The groups of data nodes, a StatefulSet each, as JSON: [{ name, shard }]. The primaries of a cluster each have a group of their own. */}}
{{- define "stack.groups" -}}
{{- $full := include "stack.fullname" . -}}
{{- $groups := list -}}
{{- if eq .Values.topology "cluster" -}}
{{- range $i := until (int .Values.shards) -}}
{{- $groups = append $groups (dict "name" (printf "%s-shard-%d" $full (add1 $i)) "shard" (add1 $i)) -}}
{{- end -}}
{{- else -}}
{{- $groups = append $groups (dict "name" (printf "%s-node" $full) "shard" 1) -}}
{{- end -}}
{{- toJson $groups -}}
{{- end }}

{{/* Every server, a line each: name port bus shard kind. The kind of a node whose shard is to be drained is "leaving". */}}
{{- define "stack.nodes" -}}
{{- $v := .Values -}}
{{- $isCluster := eq $v.topology "cluster" -}}
{{- range $group := include "stack.groups" . | fromJsonArray }}
{{- $leaving := and $isCluster (gt (int $group.shard) (sub (int $v.shards) (int $v.leaving))) }}
{{- range $i := until (int (add1 $v.replicas)) }}
{{ $group.name }}-{{ $i }} {{ $v.ports.client }} {{ if $isCluster }}{{ $v.ports.bus }}{{ else }}0{{ end }} {{ $group.shard }} {{ if $leaving }}leaving{{ else }}data{{ end }}
{{- end }}
{{- end }}
{{- if eq $v.topology "sentinel" }}
{{- range $i := until (int $v.sentinel.count) }}
{{ include "stack.fullname" $ }}-sentinel-{{ $i }} {{ $v.ports.sentinel }} 0 0 sentinel
{{- end }}
{{- end }}
{{- end }}

{{/* The Secret with the passwords, a key a user. */}}
{{- define "stack.secret" -}}
{{- default (printf "%s-passwords" (include "stack.fullname" .)) .Values.secrets.existing -}}
{{- end }}

{{/* The Secret with ca.crt, tls.crt and tls.key. */}}
{{- define "stack.tlsSecret" -}}
{{- default (printf "%s-tls" (include "stack.fullname" .)) .Values.tls.existing -}}
{{- end }}

{{- define "stack.image" -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository .tag -}}
{{- end -}}
{{- end }}

{{/* Bytes of a quantity such as 512Mi, or of a size as Redis writes it, such as 700mb. */}}
{{- define "stack.bytes" -}}
{{- $text := lower (toString .) -}}
{{- $number := int64 (regexFind "^[0-9]+" $text) -}}
{{- $unit := regexReplaceAll "^[0-9]+" $text "" -}}
{{- $factors := dict "" 1 "b" 1 "k" 1000 "m" 1000000 "g" 1000000000 "kb" 1024 "mb" 1048576 "gb" 1073741824 "ki" 1024 "mi" 1048576 "gi" 1073741824 "ti" 1099511627776 -}}
{{- if or (not (hasKey $factors $unit)) (eq (regexFind "^[0-9]+" $text) "") -}}
{{- fail (printf "\n\n'%s' is not a size. Write a number and one of Ki, Mi, Gi (quantities) or kb, mb, gb (maxmemory).\n" .) -}}
{{- end -}}
{{- mul $number (get $factors $unit) -}}
{{- end }}

{{/* The words that make a Secret of the files of a generated stack. */}}
{{- define "stack.fromFiles" -}}
{{- $words := list -}}
{{- range $user, $_ := merge (dict) .Values.users (ternary .Values.sentinel.users (dict) (eq .Values.topology "sentinel")) -}}
{{- $words = append $words (printf "--from-file=.secrets/%s" $user) -}}
{{- end -}}
{{- join " " $words -}}
{{- end }}
