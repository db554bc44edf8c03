/**
 * Text of others for a screen: control characters, and those that hide or reorder what stands beside them, are written out,
 * so that a hostile value or the name of a key cannot forge lines or colours.
 */
export function visible(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being replaced
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => {
      const json = JSON.stringify(c).slice(1, -1);
      return json === c ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : json;
    },
  );
}

/** At most so many characters; what was cut away is told by `…`. */
export const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;
