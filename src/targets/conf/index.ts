import scripts from 'templates:compose/scripts';
import redisConf from '../../../templates/conf/redis.conf.hbs';
import sentinelConf from '../../../templates/conf/sentinel.conf.hbs';
import usersAcl from '../../../templates/conf/users.acl.hbs';
import type { SentinelModel, StackModel } from '../../model/types.ts';
import { managed, type RenderedFile, type Target } from '../types.ts';
import { redisConfView, sentinelConfView, usersView } from './views.ts';

export const conf: Target = {
  id: 'conf',
  title: 'Configuration',
  meaning: 'redis.conf, sentinel.conf, users and start scripts',
  always: true,
  render: (model) => [
    managed('conf/redis.conf', redisConf(redisConfView(model))),
    managed('conf/users.acl', usersAcl(usersView('Users of the data nodes', model.users))),
    ...(model.sentinel ? sentinelFiles(model.sentinel, model) : []),
    ...scriptFiles(model),
  ],
};

function sentinelFiles(sentinel: SentinelModel, model: StackModel): readonly RenderedFile[] {
  return [
    managed('conf/sentinel.conf', sentinelConf(sentinelConfView(sentinel, model))),
    managed('conf/sentinel-users.acl', usersAcl(usersView('Users of the Sentinels', sentinel.users))),
  ];
}

/** Of use in Kubernetes alone: the chart has them. */
const IN_PODS = /^(pod|probe|reshape|refresh|restore(-[a-z]+)?)\.sh$/;

function scriptFiles(model: StackModel): readonly RenderedFile[] {
  return Object.entries(scripts)
    .filter(([path]) => model.joins || path !== 'form-cluster.sh')
    .filter(([path]) => model.backup.bucket || path !== 'upload.sh')
    .filter(([path]) => !IN_PODS.test(path))
    .map(([path, text]) => managed(`conf/scripts/${path}`, text, 0o755));
}
