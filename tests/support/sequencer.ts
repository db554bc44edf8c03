import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take minutes, the longest first. Small as some of them are, the usual order by size would begin them last, and
 * one worker would wait for the other.
 */
const LONGEST = [
  'tests/live/drill.live.test.ts',
  'tests/live/rotate.live.test.ts',
  'tests/live/migrate-slots.live.test.ts',
  'tests/live/migrate-killed.live.test.ts',
  'tests/live/migrate-directions.live.test.ts',
  'templates/client/test/moves.live.test.ts',
  'templates/client/test/moves.ioredis.live.test.ts',
  'templates/client/test/failover.live.test.ts',
  'templates/client/test/contract.sentinel.live.test.ts',
  'templates/client/test/contract.cluster.live.test.ts',
  'templates/client/test/contract.standalone.live.test.ts',
  'templates/client/test/messages.live.test.ts',
  'templates/client/test/ioredis5.live.test.ts',
  'tests/live/failover.live.test.ts',
  'tests/live/alerts-groups.live.test.ts',
  'tests/live/alerts-single.live.test.ts',
  'tests/live/doctor-savings.live.test.ts',
  'tests/live/doctor-more-states.live.test.ts',
  'tests/live/advise.live.test.ts',
  'tests/live/doctor-look.live.test.ts',
  'tests/live/doctor-stacks.live.test.ts',
  'tests/docker/drill.docker.test.ts',
  'tests/docker/migrate.docker.test.ts',
  'tests/docker/up.docker.test.ts',
];

/** Begins with the files that take longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((path) => moduleId.endsWith(`/${path}`));
      return place < 0 ? LONGEST.length : place;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
