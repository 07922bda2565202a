// pulse_host.mjs: a host that runs the sample pulse, for tests of its page.

import {spawn} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Waits until `look()` answers something true; at most 30 s. */
export async function until(look, what) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const lineOf = (file) =>
  fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';

export class PulseHost {
  /**
   * Starts a host, or finds the one that COMMY_URL and COMMY_KEY name. `port`
   * 0 takes any.
   */
  static async start({port = 0, environment = {}} = {}) {
    const host = new PulseHost();
    if (process.env.COMMY_URL) {
      host.url = process.env.COMMY_URL;
      host.key = process.env.COMMY_KEY;
      return host;
    }
    // In memory: the file system of /tmp may be slow, and the segment is here.
    const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
    host.folder = fs.mkdtempSync(path.join(parent, 'commy-page-'));
    host.child = spawn(
      process.env.COMMY_PROGRAM, ['run', process.env.COMMY_MANIFEST], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: {
          ...process.env,
          PULSE_FOLDER: host.folder,
          PULSE_PORT: String(port),
          COMMY_DIRECTORY: path.join(host.folder, 'segments'),
          ...environment,
        },
      });
    host.said = '';
    host.child.stderr.on('data', (some) => { host.said += some; });
    host.ended = new Promise((resolve) => host.child.on('exit', resolve));
    try {
      host.url = await until(() => {
        if (host.child.exitCode !== null) throw new Error(host.said);
        return lineOf(path.join(host.folder, 'pulse.address'));
      }, 'the address of the page');
    } catch (error) {
      await host.stop();
      throw error;
    }
    host.key = lineOf(path.join(host.folder, 'pulse.key'));
    return host;
  }

  get isOurs() { return this.child !== undefined; }

  /** Ends it in order; answers its exit code. */
  async stop() {
    if (!this.isOurs) return 0;
    this.child.kill('SIGTERM');
    const code = await this.ended;
    this.left = fs.readdirSync(this.folder);
    fs.rmSync(this.folder, {recursive: true, force: true});
    return code;
  }
}
