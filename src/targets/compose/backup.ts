import { BACKUP_SETS, BUCKET_KEY } from '../../model/backup.ts';
import { dataNodes } from '../../model/build.ts';
import { backupEnvironment, trustEnvironment } from '../../model/environment.ts';
import type { BucketModel, StackModel } from '../../model/types.ts';
import { IMAGES } from '../images.ts';
import { confined, ENGINE_USER, SCRIPTS, type Service } from './confined.ts';
import type { ComposeProject } from './project.ts';
import { trustSecrets } from './tls.ts';

/** Started with `docker compose --profile backup up -d`, and by `create-redis-stack up`. */
const PROFILE = 'backup';

/** Where the secrets are mounted. */
const SECRET_FILE = 'bucket';

/** Adds the job that makes backups, and the one that brings them to a bucket, where the stack is to be backed up. */
export function withBackup(project: ComposeProject, model: StackModel): ComposeProject {
  const { scheduled, bucket } = model.backup;
  if (!scheduled) return project;
  return {
    ...project,
    services: [
      ...project.services,
      { name: 'backup', service: backupService(model) },
      ...(bucket ? [{ name: 'backup-upload', service: uploadService(model, bucket) }] : []),
    ],
    rest: {
      ...project.rest,
      secrets: {
        ...(project.rest.secrets as Service),
        ...(bucket ? { [SECRET_FILE]: { file: `./${BUCKET_KEY}` } } : {}),
      },
    },
  };
}

/** One that runs a script of ours, and may write into the folder of the sets alone, where also the copies are worked on. */
function job(image: string, script: string, words: readonly string[]): Service {
  return {
    image,
    profiles: [PROFILE],
    // Apart, so that `docker compose run --rm <service> once` does what it says.
    entrypoint: ['sh', `${SCRIPTS}/${script}`],
    command: words,
    init: false,
    ...confined({ user: ENGINE_USER, memory: '512m', processes: 256 }),
    tmpfs: ['/tmp', '/data'],
    restart: 'unless-stopped',
    stop_grace_period: '10s',
  };
}

function backupService(model: StackModel): Service {
  return {
    ...job(model.engine.image, 'backup.sh', ['loop']),
    environment: { ...backupEnvironment(model), ...trustEnvironment(model) },
    healthcheck: {
      test: ['CMD', 'sh', `${SCRIPTS}/backup.sh`, 'health'],
      interval: '30s',
      timeout: '5s',
      retries: 3,
      start_period: '600s',
    },
    depends_on: serving(model),
    volumes: ['./conf:/stack:ro', `./${BACKUP_SETS}:/backup`],
    secrets: ['backup', ...trustSecrets(model)],
    networks: ['stack'],
  };
}

/** Who must serve before the first backup makes sense. */
function serving(model: StackModel) {
  const names = model.joins ? ['form-cluster'] : dataNodes(model.nodes).map((node) => node.name);
  return Object.fromEntries(names.map((name) => [name, { condition: 'service_healthy' }]));
}

function uploadService(model: StackModel, { name, prefix, endpoint, region }: BucketModel): Service {
  return {
    ...job(IMAGES.rclone, 'upload.sh', ['loop']),
    environment: {
      STACK_NAME: model.spec.name,
      STACK_BACKUP_KEEP: String(model.backup.keep),
      STACK_BUCKET: prefix === '' ? name : `${name}/${prefix}`,
      ...(endpoint === '' ? {} : { STACK_BUCKET_ENDPOINT: endpoint }),
      ...(region === '' ? {} : { STACK_BUCKET_REGION: region }),
    },
    volumes: ['./conf:/stack:ro', `./${BACKUP_SETS}:/backup`],
    secrets: [SECRET_FILE],
  };
}
