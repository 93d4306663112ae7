/** A manifest that lists new files in the places of others. */
import type { Manifest, ManifestFile } from '@aof/aof-files';

export function manifestWith(
  manifest: Manifest,
  replacements: readonly { readonly original: string; readonly name: string }[],
): Manifest {
  const names = new Map(replacements.map(({ original, name }) => [original, name]));
  const replaced = (file: ManifestFile): ManifestFile => ({ ...file, name: names.get(file.name) ?? file.name });
  return { ...manifest, base: manifest.base && replaced(manifest.base), incr: manifest.incr.map(replaced) };
}
