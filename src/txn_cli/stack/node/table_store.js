'use strict'

// The store under dynalite's actions: what `db/index.js` of dynalite 4.0.0 makes, with the same keys on the disk.
//
// What is different, and why, stands in docs/adr/0033. Iterators are closed. All writes of a turn of the event loop
// are one batch, an item and its index entries among them. An entry of an index that projects ALL attributes is the
// item's key, but in the first of them, where items that are read together lie together. The list of tables reads the
// tables alone.

const { BatchedWrites } = require('./batched_writes')
const { IndexSection } = require('./index_section')
const { Section } = require('./section')
const { TableSection } = require('./table_section')

const LEVEL_OPTIONS = {
  valueEncoding: 'utf8',
  writeBufferSize: 16 * 1024 * 1024, // more means fewer compactions
  cacheSize: 32 * 1024 * 1024,
  blockSize: 16 * 1024, // what is compressed together: a third less disk than with 4 KB, and files are opened faster
  maxOpenFiles: 128, // of 2 MB, each mapped into memory: what was read of them counts as this process's
}

// Make dynalite use this store. `load` requires a module of dynalite's installation. Returns a function that gives the
// store once dynalite has made it.
function install(load) {
  const dynalite = load('dynalite/db')
  let store
  dynalite.create = (options) => (store = create(load, dynalite, options))
  dynalite.updateIndexes = updateIndexes(dynalite)
  return () => store
}

function create(load, dynalite, given) {
  const options = { maxItemSize: dynalite.MAX_SIZE, ...given }
  const { Level } = load('level')
  const { Lock } = load('lock')
  const db = new Level(options.path, LEVEL_OPTIONS)
  const writes = new BatchedWrites(db)
  const made = new Map()
  const section = (prefix, make) => {
    if (!made.has(prefix)) made.set(prefix, make(db, writes, prefix, Lock()))
    return made.get(prefix)
  }
  const plain = (prefix) => section(prefix, (...parts) => new Section(...parts))
  const getItemDb = (table) => plain(`item-${table}~`)
  const getTagDb = (table) => plain(`tag-${table}~`)
  const getIndexDb = (kind, table, index) =>
    section(
      `index-${kind.toLowerCase()}~${table}~${index}~`,
      (...parts) => new IndexSection(getItemDb(table), ...parts),
    )
  const tableDb = section('table~', (...parts) => new TableSection(...parts))
  return {
    options,
    db,
    tableDb,
    getItemDb,
    getIndexDb,
    getTagDb,
    deleteItemDb: (table, callback) => getItemDb(table).clear(callback),
    deleteIndexDb: (kind, table, index, callback) => getIndexDb(kind, table, index).clear(callback),
    deleteTagDb: (table, callback) => getTagDb(table).clear(callback),
    getTable: (name, ...rest) => tableDb.table(name, ...rest),
  }
}

// Write the entries of an item in all indexes of its table, in the batch that the item itself will be in: dynalite's
// actions write the item as soon as this calls back, in the same turn of the event loop.
function updateIndexes(dynalite) {
  return (store, table, existing, item, callback) => {
    const kept = keptInOrder(table)
    for (const kind of ['Local', 'Global']) {
      const indexes = table[`${kind}SecondaryIndexes`] || []
      const { puts, deletes } = dynalite.getIndexActions(indexes, existing, item, table)
      for (const { index, key } of deletes) store.getIndexDb(kind, table.TableName, index).del(key)
      for (const { index, key, item: projected } of puts) {
        const section = store.getIndexDb(kind, table.TableName, index)
        if (projected === item && index !== kept) section.refer(key, dynalite.createKey(item, table))
        else section.put(key, projected)
      }
    }
    callback()
  }
}

// The index that holds the items themselves: the first that projects ALL attributes. Names are unique in a table.
function keptInOrder(table) {
  const indexes = [...(table.LocalSecondaryIndexes || []), ...(table.GlobalSecondaryIndexes || [])]
  return indexes.find((index) => index.Projection.ProjectionType === 'ALL')?.IndexName
}

module.exports = { install }
