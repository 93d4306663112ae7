/**
 * The names of a simulated disk: a tree of folders as a program sees it, and as it would be found after a power cut.
 *
 * Invariants: `durable` of a folder with all pending changes applied in order equals `entries`; a change that touches two
 * folders (a rename from one to the other) is on the platter in both or in neither, as with a journalling file system;
 * in each folder the changes on the platter are a prefix of those made, but for the name of a new folder: syncing the folder
 * itself never makes that durable, syncing its parent does.
 */

import { type Random, randomBelow } from './random.ts';
import type { CrashMode, SimFileNode } from './sim-file.ts';

export class SimDirectory {
  readonly kind = 'directory';
  modifiedAtMs = 0;
  readonly entries = new Map<string, SimNode>();
  readonly durable = new Map<string, SimNode>();
}

export type SimNode = SimFileNode | SimDirectory;

/** One name set (or, without a node, removed) in one folder. */
export interface NameEdit {
  readonly directory: SimDirectory;
  readonly name: string;
  readonly node: SimNode | undefined;
}

interface NameChange {
  readonly sequence: number;
  readonly edits: readonly NameEdit[];
}

/** The changes of names that no sync of a folder has covered yet, in order. */
export class NameLog {
  #pending: NameChange[] = [];
  #nextSequence = 0;

  /** Makes the edits visible, as one atomic change. */
  change(edits: readonly NameEdit[]): void {
    for (const edit of edits) setName(edit.directory.entries, edit);
    this.#pending.push({ sequence: this.#nextSequence++, edits });
  }

  /** What a sync that starts now covers. */
  syncMark(): number {
    return this.#nextSequence;
  }

  /**
   * The changes of `directory` before `mark` are on the platter, and with them every earlier one that they build upon: all
   * but its own name. A journal would often bring that along; not every file system has one.
   */
  settle(directory: SimDirectory, mark: number): void {
    const folders = new Set([directory]);
    const settled = new Set<NameChange>();
    for (const change of this.#pending.toReversed()) {
      const isCovered = change.sequence < mark && change.edits.some((edit) => folders.has(edit.directory));
      if (!isCovered || change.edits.some((edit) => edit.node === directory)) continue;
      settled.add(change);
      for (const edit of change.edits) folders.add(edit.directory);
    }
    for (const change of this.#pending) {
      if (settled.has(change)) for (const edit of change.edits) setName(edit.directory.durable, edit);
    }
    this.#pending = this.#pending.filter((change) => !settled.has(change));
  }

  /** The names of each folder after a crash, as a function of the folder. */
  afterCrash(mode: CrashMode, random: Random): (directory: SimDirectory) => Map<string, SimNode> {
    if (mode === 'kill') return (directory) => directory.entries;
    const changed = new Map<SimDirectory, Map<string, SimNode>>();
    const namesOf = (directory: SimDirectory): Map<string, SimNode> => {
      const names = changed.get(directory) ?? new Map(directory.durable);
      changed.set(directory, names);
      return names;
    };
    if (mode === 'only-synced') return namesOf;
    // Walks the changes in order; once one is lost, all later ones in the same folders are lost too.
    const keep = [0, 0.5, 0.9, 1][randomBelow(random, 4)] ?? 0;
    const cut = new Set<SimDirectory>();
    for (const change of this.#pending) {
      const isLost = change.edits.some((edit) => cut.has(edit.directory)) || random() >= keep;
      for (const edit of change.edits) {
        if (isLost) cut.add(edit.directory);
        else setName(namesOf(edit.directory), edit);
      }
    }
    return namesOf;
  }
}

function setName(names: Map<string, SimNode>, edit: NameEdit): void {
  if (edit.node === undefined) names.delete(edit.name);
  else names.set(edit.name, edit.node);
}
