import { createHash } from 'node:crypto';
import files from 'templates:doctor';
import { RULES } from '../rules/index.ts';
import type { Diagnosis, Rule } from '../types.ts';
import { pageData } from './page-data.ts';

/** Modules that import one another; in this order, without the words of modules, they are the one script of the page. */
const MODULES = ['dom.js', 'topology.js', 'memory.js', 'commands.js', 'findings.js', 'page.js'];

/**
 * One page that needs nothing else: no network, no other file. Its policy allows this style and this script alone, by
 * their digests, so that nothing that a server said can run.
 */
export function toHtml(diagnosis: Diagnosis, rules: readonly Rule[] = RULES): string {
  const style = textOf('page.css');
  const script = `'use strict';\n(() => {\n${MODULES.map(plain).join('\n')}\n})();\n`;
  const filled: Readonly<Record<string, string>> = {
    'STYLE-DIGEST': sha256(style),
    'SCRIPT-DIGEST': sha256(script),
    '/* STYLE-TEXT */': style,
    '/* SCRIPT-TEXT */': script,
    '"PAGE-DATA"': inert(JSON.stringify(pageData(diagnosis, rules))),
  };
  return textOf('page.html').replace(PLACES, (name) => filled[name] ?? '');
}

const PLACES = /STYLE-DIGEST|SCRIPT-DIGEST|\/\* STYLE-TEXT \*\/|\/\* SCRIPT-TEXT \*\/|"PAGE-DATA"/g;

/** JSON in which nothing can end the element that it stands in. */
const inert = (json: string): string => json.replace(/</g, '\\u003c');

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');

const plain = (name: string): string => textOf(name).replace(/^import [^;]*;\n|^export /gm, '');

const textOf = (name: string): string => files[name] ?? '';
