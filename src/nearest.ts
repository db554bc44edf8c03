import { distance } from 'fastest-levenshtein';

/** The candidate that was probably meant, or undefined when none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      edits: distance(word.toLowerCase().slice(0, 100), candidate.toLowerCase()),
    }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (!best) return undefined;
  const allowed = Math.max(2, Math.floor(best.candidate.length / 3));
  return best.edits <= allowed ? best.candidate : undefined;
}

/** 'Did you mean x?' or the list to choose from. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near ? `Did you mean '${near}'?` : `Use one of: ${candidates.join(', ')}.`;
}
