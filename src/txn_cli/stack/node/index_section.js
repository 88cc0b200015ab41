'use strict'

// The entries of one index: the item's key, where the index projects ALL attributes, or else what it projects.
//
// The key alone takes a third of the disk that the item three times over takes. Entries that dynalite wrote hold
// the item itself; they are read as they are, and become keys when the item is written again.

const { EntryStream } = require('./entry_stream')
const { Section } = require('./section')

class IndexSection extends Section {
  #items

  constructor(items, ...parts) {
    super(...parts)
    this.#items = items
  }

  // Write an entry that is the key of an item.
  refer(key, itemKey) {
    this.put(key, itemKey)
  }

  // The items of a range in the order of the index, all as they were when the stream was made.
  createValueStream(options) {
    const snapshot = this.db.snapshot()
    const iterator = this.db.values({ ...this.range(options), snapshot })
    return new EntryStream(
      iterator,
      (text) => this.#item(JSON.parse(text), snapshot),
      () => iterator.close().then(() => snapshot.close()),
    )
  }

  #item(entry, snapshot) {
    if (typeof entry !== 'string') return entry
    const item = this.#items.read(entry, { snapshot })
    if (item === undefined) throw new Error(`index ${this.prefix} names an item that is not there`)
    return item
  }
}

module.exports = { IndexSection }
