/** Reading YAML, loaded on demand. */
export { parse } from 'yaml';
export { readSpecText } from '../spec/read.ts';
