// store.js: keeps a copy of a watched object by applying its events.

/** A map or a struct: `entries` by name. */
export class Entries {
  constructor(onChange) {
    this.entries = new Map();
    this.onChange = onChange;
  }
  apply(event) {
    if (event.phase === 'snap' && !this.filling) {
      this.entries.clear();
      this.filling = true;
    }
    for (const [name, value] of Object.entries(event.set ?? {})) {
      this.entries.set(name, value);
    }
    for (const name of event.gone ?? []) this.entries.delete(name);
    if (event.phase === 'snap') this.filling = event.more;
    if (!this.filling && event.phase !== 'mark') this.onChange(this.entries);
  }
}

/**
 * A queue: tells what came and went, since only its user knows in which form
 * to keep it. `onReset()` empties, `onPush(items)` adds at the end,
 * `onDrop(count)` takes away at the front, `onDropBack(count)` at the end.
 */
export class Queue {
  constructor(to) {
    this.to = to;
    this.skipped = 0;
  }
  apply(event) {
    if (event.phase === 'snap' && !this.filling) {
      this.to.onReset();
      this.skipped = event.skipped;
    }
    if (event.phase === 'snap') this.filling = event.more;
    if (event.drop_front) {
      const hidden = Math.min(this.skipped, event.drop_front);
      this.skipped -= hidden;
      if (event.drop_front > hidden) this.to.onDrop(event.drop_front - hidden);
    }
    if (event.drop_back) this.to.onDropBack(event.drop_back);
    if (event.push?.length) this.to.onPush(event.push);
  }
}
