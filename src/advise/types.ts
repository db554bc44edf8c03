/** What elements of one kind take, once that many are there. */
export interface Figure {
  readonly elements: number;
  readonly bytesPerElement: number;
  /** As OBJECT ENCODING names it. */
  readonly encoding: string | undefined;
}

/** Figures of one server. */
export interface Measured {
  /** `Redis 8.0.2 at 127.0.0.1:6379`, `a scratch server of Valkey 9.1.2`. */
  readonly where: string;
  /** Size of the elements that were asked for; a use may have its own. */
  readonly bytes: number;
  /** By the id of the use, smallest count first. */
  readonly figures: ReadonlyMap<string, readonly Figure[]>;
  /** False where the place of a key in the table of all keys is not in the figures. */
  readonly hasTable: boolean;
}
