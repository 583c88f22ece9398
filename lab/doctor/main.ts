#!/usr/bin/env node
/**
 * Says what Docker's engine answers to whoever runs it, as JSON: for `ztos doctor` of a user who may not use the engine, by root.
 *
 * @module
 */
import { dockerFindings } from './containers.js'

process.stdout.write(JSON.stringify(await dockerFindings()))
