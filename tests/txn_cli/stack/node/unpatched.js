'use strict'

// The server of a package as it is: node unpatched.js kinesis|dynamodb MODULES_DIR DATA_DIR PORT

const { createRequire } = require('module')
const path = require('path')

const [kind, modules, data, port] = process.argv.slice(2)
const load = createRequire(path.join(modules, 'package.json'))
const short = { createTableMs: 5, deleteTableMs: 5, updateTableMs: 5, createStreamMs: 5, deleteStreamMs: 5, updateStreamMs: 5 }
const server = load(kind === 'kinesis' ? 'kinesalite' : 'dynalite')({ path: data, ...short })

server.listen(Number(port), '127.0.0.1', () => {
  console.log(`${kind}: listening on http://127.0.0.1:${server.address().port}`)
})
process.on('SIGTERM', () => process.exit(0))
