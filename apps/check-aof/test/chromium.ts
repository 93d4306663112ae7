/**
 * A headless Chromium and a page in it, by the DevTools protocol over a WebSocket: no library, and no network.
 *
 * Source: Chrome DevTools Protocol (Page, Runtime, Emulation, Log).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const START_MS = 25_000;

/** The program on PATH, or undefined. */
export function chromiumOnPath(): string | undefined {
  return NAMES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

export interface View {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  readonly isPhone: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** An answer, or an event. */
interface Message extends Fields {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly request?: { readonly url: string } };
}

const COMPLAINTS = ['Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded'];

export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Fields) => void>();
  readonly #loads: (() => void)[] = [];
  #calls = 0;
  /** What the console said, what was thrown, and what the policy refused. */
  readonly complaints: string[] = [];
  /** Addresses that the page asked for. */
  readonly requests: string[] = [];

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))));
  }

  static async start(program: string): Promise<Browser> {
    const profile = fs.mkdtempSync(join(tmpdir(), 'check-aof-chromium-'));
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-extensions'];
    const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const child = spawn(
      program,
      [...flags, ...offline, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
      {
        stdio: 'ignore',
      },
    );
    const port = await portOf(join(profile, 'DevToolsActivePort'), child);
    const targets: { type: string; webSocketDebuggerUrl: string }[] = JSON.parse(
      await (await fetch(`http://127.0.0.1:${port}/json/list`)).text(),
    );
    const page = targets.find(({ type }) => type === 'page');
    if (page === undefined) throw new Error('Chromium has no page');
    const socket = new WebSocket(page.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error('Chromium does not answer')), { once: true });
    });
    const browser = new Browser(child, profile, socket);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.#call(`${domain}.enable`);
    return browser;
  }

  /** Shows a file as that view does, and waits until it is loaded. */
  async open(path: string, { width, height, scheme, isPhone }: View): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: isPhone ? 2 : 1, mobile: isPhone };
    await this.#call('Emulation.setDeviceMetricsOverride', metrics);
    await this.#call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    const loaded = new Promise<void>((resolve) => this.#loads.push(resolve));
    await this.#call('Page.navigate', { url: `file://${path}` });
    await loaded;
  }

  /** The value of an expression in the page: JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`);
    // What the page answers is what the caller asks for; tests compare it field by field.
    return (result as { readonly value: T }).value;
  }

  async press(key: string): Promise<void> {
    await this.#call('Input.dispatchKeyEvent', { type: 'keyDown', key });
    await this.#call('Input.dispatchKeyEvent', { type: 'keyUp', key });
  }

  /** A picture of the whole page, or of a part of it, PNG. */
  async picture(clip?: { x: number; y: number; width: number; height: number }): Promise<Buffer> {
    const part = clip === undefined ? {} : { clip: { ...clip, scale: 1 } };
    const { data } = await this.#call('Page.captureScreenshot', {
      format: 'png',
      captureBeyondViewport: true,
      ...part,
    });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#socket.close();
    this.#process.kill('SIGKILL');
    await ended;
    fs.rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  #call(method: string, params: Fields = {}): Promise<Fields> {
    const id = ++this.#calls;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (answer) => {
        if (answer.error === undefined) resolve((answer.result ?? {}) as Fields);
        else reject(new Error(`${method}: ${JSON.stringify(answer.error)}`));
      });
    });
  }

  #receive(message: Message): void {
    const { id, method, params } = message;
    if (id !== undefined) {
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
    } else if (method === 'Page.loadEventFired') this.#loads.shift()?.();
    else if (method === 'Network.requestWillBeSent') this.requests.push(params?.request?.url ?? '');
    else if (COMPLAINTS.includes(method ?? '')) this.complaints.push(JSON.stringify(params));
  }
}

/** Chromium writes the port that it has chosen into a file. */
async function portOf(path: string, child: ChildProcess): Promise<number> {
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += 50) {
    if (child.exitCode !== null) throw new Error(`Chromium ended with ${child.exitCode}`);
    const text = fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '';
    if (text.includes('\n')) return Number(text.split('\n')[0]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error('Chromium does not start');
}
