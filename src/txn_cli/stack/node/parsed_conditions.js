'use strict'

// Conditions without placeholders, as `attribute_not_exists(id)`, parsed once each: dynalite's parser took a quarter
// of the CPU of a conditional write. What such a condition means depends on its text alone, and nothing changes the
// parsed form.

const REMEMBERED_MAX = 100

function install(load) {
  const parser = load('dynalite/db/conditionParser')
  const parse = parser.parse
  const known = new Map()
  parser.parse = (text, options) => {
    const { attrNames, attrVals, isKeyCondition } = options.context
    if (attrNames || attrVals || isKeyCondition) return parse(text, options)
    if (!known.has(text)) {
      const parsed = parse(text, options) // throws what is wrong with the text
      if (known.size === REMEMBERED_MAX) known.clear()
      known.set(text, parsed)
    }
    return known.get(text)
  }
}

module.exports = { install }
