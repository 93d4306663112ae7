import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Config } from '../src/config.ts';
import { OPTION_NAMES, type OptionName, optionOf } from '../src/options.ts';
import { parseConfigFile } from '../src/reader.ts';
import { renderReference } from './reference.ts';

const REFERENCE = '../../../aof.conf';
const written = readFileSync(new URL(REFERENCE, import.meta.url), 'utf8');
const supported = OPTION_NAMES.filter((name) => optionOf(name).class === 'supported' && !optionOf(name).isHidden);

function read(text: string): Config {
  return new Config(parseConfigFile({ stdinText: text, workingFolder: '/srv', readFile: () => '' }));
}

/** Lines that set the option, commented out or not. */
function linesOf(name: OptionName): string[] {
  return written
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`# ${name} `))
    .filter((line) => isSettable(line.replace(/^# /, '')));
}

/** Explanations may begin with a name, too. */
function isSettable(line: string): boolean {
  try {
    read(line);
    return true;
  } catch {
    return false;
  }
}

describe('aof.conf', () => {
  it('is what the table says; `npx vitest run packages/config -u` writes it anew', async () => {
    await expect(renderReference()).toMatchFileSnapshot(REFERENCE);
  });

  it('sets up a server with a readable append only file in a folder of its own', () => {
    const { values } = read(written);
    expect(values).toMatchObject({
      bind: ['127.0.0.1', '-::1'],
      'protected-mode': true,
      port: 6379,
      dir: '/srv/data',
      appendonly: true,
      appendfsync: 'everysec',
      'aof-layout': 'single',
      'aof-use-rdb-preamble': false,
    });
  });

  it('has no other value that is not the default', () => {
    const config = read(written);
    const changed = OPTION_NAMES.filter((name) => !config.isDefault(name));
    expect(changed.sort()).toEqual(['appendonly', 'bind', 'dir']);
  });

  it.each(supported)('shows %s with its default', (name) => {
    const lines = linesOf(name);
    expect(lines.length).toBeGreaterThan(0);
    if (lines.some((line) => !line.startsWith('#'))) return;
    const uncommented = read(lines.map((line) => line.slice(2)).join('\n'));
    expect(uncommented.setting(name)).toEqual(Config.of('/srv').setting(name));
  });

  it('shows rename-command with lines that can be used', () => {
    const lines = written.split('\n').filter((line) => line.startsWith('# rename-command '));
    const stdinText = lines.map((line) => line.slice(2)).join('\n');
    const { directives } = parseConfigFile({
      stdinText,
      workingFolder: '/srv',
      readFile: () => '',
      directives: new Set(['rename-command']),
    });
    expect(directives.map(({ args }) => args)).toEqual([
      ['FLUSHALL', ''],
      ['CONFIG', 'maintenance-config'],
    ]);
  });

  it('keeps to a width that fits a terminal', () => {
    expect(written.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });
});
