/** What people want to do, in the words of the question. */
export const PURPOSES = {
  cache: 'keep copies of what a slower source holds',
  'hot-cache': 'the same few values, read all the time by every process',
  'fresh-cache': 'a cache that never shows an older value than the source has',
  'write-buffer': 'take writes at once and hand them to a slower store later',
  object: 'an object with fields that change one by one: a profile, a cart',
  document: 'a nested document, read and changed in part',
  session: 'logins and what belongs to them',
  counter: 'a number that many processes change',
  'busy-counter': 'one number that everybody changes, more often than one server likes',
  flags: 'a yes or no for each of many numbered things',
  'feature-flags': 'settings that every process reads and a person changes',
  once: 'do something once only, however often it is asked for',
  stack: 'put on top, take from the top',
  recent: 'the latest so many of something: a feed, recent orders',
  tags: 'which things belong to something: tags, members, followers',
  online: 'who was here in the last minutes',
  'seen-before': 'was this one here before, among very many',
  'unique-count': 'how many different ones there were',
  leaderboard: 'scores with ranks',
  'most-frequent': 'what occurs most often in an endless flow',
  autocomplete: 'names that begin with something',
  queue: 'work that one of many workers does once',
  jobs: 'jobs with schedules, priorities and dependencies',
  delayed: 'work that is due at a certain time',
  events: 'a log of events that several readers follow at their own pace',
  broadcast: 'tell whoever listens now',
  'rate-limit': 'so much in so much time',
  lock: 'one at a time across all processes',
  nearby: 'places near a point',
  'time-series': 'measurements over time, read by ranges and averages',
  search: 'find objects by what is in their fields',
  similar: 'find what is most alike: embeddings, vectors',
  atomic: 'change several things in one step, by a rule of your own',
} as const;

/** How it is asked for. */
export const ACCESSES = {
  whole: 'the whole value by its key',
  field: 'single fields by name',
  member: 'is this one in it?',
  ends: 'at its ends: push and pop',
  range: 'a range: from here to there',
  rank: 'by rank: the best ten, the place of one',
  count: 'only how many',
  combine: 'combined with others: in both, in either',
  near: 'near a point',
  listen: 'waiting for the next one',
  replay: 'again from an earlier point',
  search: 'by what is in it',
} as const;

/** In which order the elements stand. */
export const ORDERS = {
  none: 'no order',
  arrival: 'in order of arrival',
  score: 'by a number: points, a time, a price',
  name: 'by name',
} as const;

export const EXPIRIES = {
  never: 'stays until it is deleted',
  whole: 'all of it ends at once',
  element: 'each element ends in its own time',
} as const;
