import { readFieldRef } from './container-spec.ts';
import type { Fields } from './fields.ts';
import { bytesOf } from './quantity.ts';

export interface FileItem {
  readonly key: string;
  readonly path: string;
  readonly mode: number | undefined;
}

export type FileSource =
  | {
      readonly from: 'configMap' | 'secret';
      readonly name: string;
      readonly optional: boolean;
      /** Everything, one file a key, where it is undefined. */
      readonly items: readonly FileItem[] | undefined;
    }
  | { readonly from: 'fields'; readonly items: readonly { readonly path: string; readonly field: string }[] };

type VolumeSource =
  | { readonly kind: 'files'; readonly sources: readonly FileSource[]; readonly defaultMode: number }
  | { readonly kind: 'empty'; readonly inMemory: boolean; readonly sizeBytes: number | undefined }
  | { readonly kind: 'claim'; readonly claim: string };

export type VolumeSpec = VolumeSource & { readonly name: string };

const MODE = 0o644;

export function readVolume(volume: Fields): VolumeSpec {
  const name = volume.text('name');
  const found =
    volume.child('configMap', (f) => files(f, [readSource(f, 'configMap', 'name')])) ??
    volume.child('secret', (f) => files(f, [readSource(f, 'secret', 'secretName')])) ??
    volume.child('projected', (f) => files(f, f.list('sources', readProjected))) ??
    volume.child('emptyDir', readEmpty) ??
    volume.child('persistentVolumeClaim', (f): VolumeSource => {
      f.only('readOnly', false);
      return { kind: 'claim', claim: f.text('claimName') };
    });
  return found ? { name, ...found } : volume.fail('', 'the harness does not know this kind of volume');
}

function files(fields: Fields, sources: readonly FileSource[]): VolumeSource {
  return { kind: 'files', sources, defaultMode: readMode(fields, 'defaultMode') ?? MODE };
}

function readMode(fields: Fields, key: string): number | undefined {
  const mode = fields.maybeNumber(key);
  if (mode !== undefined && (mode < 0 || mode > 0o777)) fields.fail(key, `${mode} is no mode of a file`);
  return mode;
}

function readSource(fields: Fields, from: 'configMap' | 'secret', key: string): FileSource {
  const items = fields.list('items', (item) => ({
    key: item.text('key'),
    path: readPath(item),
    mode: readMode(item, 'mode'),
  }));
  const optional = fields.flag('optional', false);
  return { from, name: fields.text(key), optional, items: items.length > 0 ? items : undefined };
}

function readPath(item: Fields): string {
  const path = item.text('path');
  if (path.startsWith('/') || path.split('/').includes('..'))
    item.fail('path', 'it must stay inside the volume');
  return path;
}

function readProjected(source: Fields): FileSource {
  const fields = (f: Fields): FileSource => ({
    from: 'fields',
    items: f.list('items', (item) => ({
      path: readPath(item),
      field: item.need('fieldRef', readFieldRef).path,
    })),
  });
  return (
    source.child('configMap', (f) => readSource(f, 'configMap', 'name')) ??
    source.child('secret', (f) => readSource(f, 'secret', 'name')) ??
    source.child('downwardAPI', fields) ??
    source.fail('', 'the harness does not know this source')
  );
}

function readEmpty(fields: Fields): VolumeSource {
  const size = fields.any('sizeLimit');
  return {
    kind: 'empty',
    inMemory: fields.oneOf('medium', ['', 'Memory'], '') === 'Memory',
    sizeBytes: size === undefined ? undefined : bytesOf(size, `${fields.at}.sizeLimit`),
  };
}
