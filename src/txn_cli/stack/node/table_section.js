'use strict'

// The descriptions of the tables. Every request reads one, so those in use are kept in memory.

const { Section } = require('./section')

const AWS_ACCOUNT = '000000000000'

class TableSection extends Section {
  #known = new Map()
  // dynalite's actions make ARNs of these.
  awsAccountId = AWS_ACCOUNT
  awsRegion = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || 'us-east-1'

  batch(operations, callback) {
    super.batch(operations, (error) => {
      for (const { key } of operations) this.#known.delete(key)
      if (callback) callback(error)
    })
  }

  // The description of a table, as dynalite's getTable gives it: `table(name, callback)` for an action on items, which
  // must not change it, and `table(name, false, callback)` for one on the table, which may, whatever its state.
  table(name, ...rest) {
    const callback = rest.at(-1)
    const onItems = rest.length === 1
    let found
    try {
      found = onItems ? this.#usable(name) : this.read(name)
    } catch (error) {
      return callback(error)
    }
    if (found) callback(null, found)
    else callback(notFound(onItems ? '' : `: Table: ${name} not found`))
  }

  #usable(name) {
    if (this.#known.has(name)) return this.#known.get(name)
    const table = this.read(name)
    if (!table || table.TableStatus === 'CREATING' || table.TableStatus === 'DELETING') return undefined
    this.#known.set(name, frozen(table))
    return table
  }
}

function frozen(value) {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen)
  return Object.freeze(value)
}

function notFound(which) {
  return Object.assign(new Error('NotFoundError'), {
    name: 'NotFoundError',
    statusCode: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
      message: `Requested resource not found${which}`,
    },
  })
}

module.exports = { TableSection }
