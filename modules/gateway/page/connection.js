// connection.js: one conversation in commy.v1 that survives its sockets.

const firstPause = 500;
const longestPause = 15_000;
const answerWithin = 10_000;
// The server has something to say at least every 10 s for each watch.
const silentFor = 15_000;

/**
 * States told to `onState(state, detail)`: connecting, open, waiting (detail:
 * ms until the next attempt), refused (detail: why; nothing more happens until
 * `start` is called with another key).
 */
export class Connection {
  constructor({url, onState, onOpen}) {
    this.url = url;
    this.onState = onState;
    this.onOpen = onOpen;
    this.attempts = 0;
    this.nextId = 1;
    this.pending = new Map();
    this.watches = new Map();
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.hurry();
    });
  }

  start(key) {
    this.key = key;
    this.refused = false;
    this.attempts = 0;
    this.connect();
  }

  /** Asks and waits; throws {code, message, data} or an Error. */
  ask(method, params = {}) {
    const socket = this.socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Error('not connected'));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject(new Error(`no answer to ${method}`));
      }, answerWithin);
      this.pending.set(id, {resolve, reject, timer});
      socket.send(JSON.stringify({jsonrpc: '2.0', id, method, params}));
    });
  }

  /** Watches until the connection ends; `onEvent` gets each event's params. */
  async watch(params, onEvent) {
    const begun = await this.ask('watch', params);
    this.watches.set(begun.w, onEvent);
    // Events may have come in the same message burst as the answer.
    for (const event of this.early.splice(0)) this.dispatch(event);
    return begun;
  }

  connect() {
    clearTimeout(this.timer);
    this.drop(new Error('reconnecting'));
    this.onState('connecting');
    const socket = new WebSocket(this.url, 'commy.v1.json');
    this.socket = socket;
    this.early = [];
    socket.onopen = async () => {
      try {
        const welcome = await this.ask(
          'hello', {auth: {kind: 'key', key: this.key}, client: {name: 'page'}});
        this.attempts = 0;
        this.heard = performance.now();
        this.guard = setInterval(() => this.checkSilence(), 5000);
        this.onState('open', welcome);
        this.onOpen(welcome);
      } catch (error) {
        if (error.code === 401) this.refuse(error.message);
        // Anything else closes the socket, or is answered by closing it.
        else socket.close();
      }
    };
    socket.onmessage = (message) => {
      if (socket === this.socket) this.receive(message.data);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.closed(event);
    };
  }

  receive(text) {
    this.heard = performance.now();
    const message = JSON.parse(text);
    if (message.method === 'watch.event') {
      this.dispatch(message.params);
      return;
    }
    const waiting = this.pending.get(message.id);
    if (!waiting) return;
    this.pending.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.error) waiting.reject(message.error);
    else waiting.resolve(message.result);
  }

  dispatch(event) {
    const onEvent = this.watches.get(event.w);
    if (onEvent) onEvent(event);
    else this.early.push(event);
    if (event.phase === 'end') this.watches.delete(event.w);
  }

  closed(event) {
    this.drop(new Error('connection lost'));
    if (this.refused) return;
    if (event.code === 4401) {
      this.refuse(event.reason);
      return;
    }
    // Half of it at random: pages that lost the same host do not all come back
    // in the same moment.
    const pause = Math.min(longestPause, firstPause * 2 ** this.attempts++);
    const wait = pause / 2 + Math.random() * pause / 2;
    this.until = performance.now() + wait;
    this.onState('waiting', wait);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  refuse(why) {
    this.refused = true;
    this.onState('refused', why);
    this.socket?.close();
  }

  async checkSilence() {
    if (performance.now() - this.heard < silentFor) return;
    const socket = this.socket;
    try {
      await this.ask('sys.ping');
    } catch {
      if (socket === this.socket) {
        socket.onclose = null;
        socket.close();
        this.closed({code: 1006});
      }
    }
  }

  /** The next attempt now rather than later. */
  hurry() {
    if (this.refused || !this.timer || this.socket) return;
    this.attempts = 0;
    this.connect();
  }

  drop(error) {
    clearInterval(this.guard);
    this.socket = null;
    this.watches.clear();
    for (const waiting of this.pending.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(error);
    }
    this.pending.clear();
  }
}
