/** The Kubernetes releases that the chart promises to run on, by minor: 1.28 is 28. */
export const OLDEST_MINOR = 28;
export const NEWEST_MINOR = 34;

/** Minors that serve an API version: the first one, and the first one that does not any more. */
interface Served {
  readonly from: number;
  readonly until?: number;
}

/** What Kubernetes itself serves, of the kinds that a chart for a database may need. From its deprecation guide. */
const SERVED: Readonly<Record<string, Served>> = {
  'v1 ConfigMap': { from: 2 },
  'v1 PersistentVolumeClaim': { from: 0 },
  'v1 Pod': { from: 0 },
  'v1 Secret': { from: 0 },
  'v1 Service': { from: 0 },
  'v1 ServiceAccount': { from: 0 },
  'apps/v1beta1 StatefulSet': { from: 5, until: 16 },
  'apps/v1beta2 StatefulSet': { from: 8, until: 16 },
  'apps/v1 StatefulSet': { from: 9 },
  'apps/v1 DaemonSet': { from: 9 },
  'extensions/v1beta1 Deployment': { from: 2, until: 16 },
  'apps/v1 Deployment': { from: 9 },
  'batch/v1 Job': { from: 2 },
  'batch/v1beta1 CronJob': { from: 8, until: 25 },
  'batch/v1 CronJob': { from: 21 },
  'policy/v1beta1 PodDisruptionBudget': { from: 5, until: 25 },
  'policy/v1 PodDisruptionBudget': { from: 21 },
  'extensions/v1beta1 NetworkPolicy': { from: 3, until: 16 },
  'networking.k8s.io/v1 NetworkPolicy': { from: 7 },
  'rbac.authorization.k8s.io/v1beta1 Role': { from: 6, until: 22 },
  'rbac.authorization.k8s.io/v1 Role': { from: 8 },
  'rbac.authorization.k8s.io/v1beta1 RoleBinding': { from: 6, until: 22 },
  'rbac.authorization.k8s.io/v1 RoleBinding': { from: 8 },
};

/** Why the API version cannot be used in that minor; undefined where it can. */
export function unservedReason(apiVersion: string, kind: string, minor: number): string | undefined {
  const served = SERVED[`${apiVersion} ${kind}`];
  if (!served) return `${apiVersion} ${kind} is not among the known API versions`;
  if (minor < served.from) return `${apiVersion} ${kind} is served from 1.${served.from} on`;
  if (served.until !== undefined && minor >= served.until)
    return `${apiVersion} ${kind} is no longer served since 1.${served.until}`;
  return undefined;
}

/** No release up to the newest one has it on by default. */
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Fields that the schema of 1.34 has and that not every minor since 1.28 takes, with the first one in which they work by
 * default. The upper part is the difference between the OpenAPI documents of 1.28 and 1.34, the lower one are fields that
 * 1.28 knows but keeps behind a feature gate.
 */
const FIELDS_SINCE: Readonly<Record<string, number>> = {
  'V1PodAffinityTerm.matchLabelKeys': 31,
  'V1PodAffinityTerm.mismatchLabelKeys': 31,
  'V1EnvVarSource.fileKeyRef': NEVER,
  'V1LifecycleHandler.sleep': 30,
  'V1Lifecycle.stopSignal': NEVER,
  'V1Container.restartPolicyRules': NEVER,
  'V1SecurityContext.appArmorProfile': 30,
  'V1VolumeMount.recursiveReadOnly': 31,
  'V1EphemeralContainer.restartPolicyRules': NEVER,
  'V1PodSpec.hostnameOverride': NEVER,
  'V1PodResourceClaim.resourceClaimName': 34,
  'V1PodResourceClaim.resourceClaimTemplateName': 34,
  'V1PodSpec.resources': 34,
  'V1PodSecurityContext.appArmorProfile': 30,
  'V1PodSecurityContext.seLinuxChangePolicy': 33,
  'V1PodSecurityContext.supplementalGroupsPolicy': 33,
  'V1PersistentVolumeClaimSpec.volumeAttributesClassName': 34,
  'V1Volume.image': NEVER,
  'V1VolumeProjection.clusterTrustBundle': NEVER,
  'V1VolumeProjection.podCertificate': NEVER,
  'V1JobSpec.managedBy': 32,
  'V1JobSpec.successPolicy': 31,
  'V1ServiceSpec.trafficDistribution': 31,

  'V1Container.resizePolicy': 33,
  'V1Container.restartPolicy': 29,
  'V1JobSpec.backoffLimitPerIndex': 29,
  'V1JobSpec.maxFailedIndexes': 29,
  'V1JobSpec.podReplacementPolicy': 29,
  'V1PodSpec.hostUsers': 33,
  'V1RollingUpdateStatefulSetStrategy.maxUnavailable': NEVER,
  'V1SecurityContext.procMount': 33,
};

/** Why the field of a model (`V1PodSpec`, `resources`) cannot be used in that minor; undefined where it can. */
export function fieldReason(model: string, field: string, minor: number): string | undefined {
  const since = FIELDS_SINCE[`${model}.${field}`];
  if (since === undefined || minor >= since) return undefined;
  return since === NEVER ? 'is behind a feature gate' : `works from 1.${since} on`;
}
