/** Two servers that stop with a word, with a claim for each, behind a Service; `extra` is more YAML. */
export const toy = (image: string, { greeting = 'hello', extra = '' } = {}): string => `
apiVersion: v1
kind: ConfigMap
metadata: { name: toy }
data: { greeting: ${greeting}, run.sh: "echo $GREETING $1" }
---
apiVersion: v1
kind: Secret
metadata: { name: toy }
stringData: { word: open sesame }
---
apiVersion: v1
kind: Service
metadata: { name: toy }
spec:
  selector: { app: toy }
  ports: [{ name: server, port: 80, targetPort: server }]
---
apiVersion: v1
kind: Service
metadata: { name: toy-all }
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: { app: toy }
  ports: [{ name: server, port: 6379 }]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: toy }
spec:
  replicas: 2
  serviceName: toy-all
  podManagementPolicy: Parallel
  selector: { matchLabels: { app: toy } }
  template:
    metadata: { labels: { app: toy }, annotations: { greeting: ${greeting} } }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 20
      securityContext: { runAsUser: 999, runAsGroup: 999, runAsNonRoot: true, fsGroup: 999 }
      initContainers:
        - name: first
          image: ${image}
          command: [sh, -c, 'date +%s%N >> /data/starts']
          volumeMounts: [{ name: data, mountPath: /data }]
      containers:
        - name: server
          image: ${image}
          command: [sh, -c]
          args:
            - |
              redis-server --port 6379 --protected-mode no --save '' --dir /data & server=$!
              trap 'echo term >> /data/end; kill $server; exit 0' TERM
              while kill -0 $server; do wait $server; done
          env:
            - { name: GREETING, valueFrom: { configMapKeyRef: { name: toy, key: greeting } } }
            - { name: WORD, valueFrom: { secretKeyRef: { name: toy, key: word } } }
            - { name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
            - { name: SENTENCE, value: '$(POD) says $(GREETING) $$(POD) $(NOBODY)' }
          ports: [{ name: server, containerPort: 6379 }]
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
            capabilities: { drop: [ALL] }
          resources: { limits: { memory: 64Mi }, requests: { memory: 64Mi, cpu: 50m } }
          lifecycle: { preStop: { exec: { command: [sh, -c, 'sleep 0.3; echo hook >> /data/end'] } } }
          readinessProbe: { exec: { command: [test, '!', -e, /tmp/busy] }, periodSeconds: 1, failureThreshold: 1 }
          livenessProbe: { exec: { command: [test, '!', -e, /tmp/dead] }, periodSeconds: 1, failureThreshold: 2 }
          volumeMounts:
            - { name: data, mountPath: /data }
            - { name: tmp, mountPath: /tmp }
            - { name: files, mountPath: /files }
      volumes:
        - { name: tmp, emptyDir: { medium: Memory, sizeLimit: 1Mi } }
        - name: files
          projected:
            defaultMode: 0400
            sources:
              - secret: { name: toy }
              - configMap: { name: toy, items: [{ key: run.sh, path: bin/run.sh, mode: 0500 }] }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
${extra}`;

/** A Job that has to end well before an upgrade. */
export const guard = (image: string, command: string): string => `---
apiVersion: batch/v1
kind: Job
metadata: { name: guard, annotations: { helm.sh/hook: pre-upgrade } }
spec:
  backoffLimit: 0
  template:
    spec:
      automountServiceAccountToken: false
      restartPolicy: Never
      containers: [{ name: guard, image: '${image}', command: [sh, -c, '${command}'] }]
`;
