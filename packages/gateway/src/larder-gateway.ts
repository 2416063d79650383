#!/usr/bin/env node
import { createGateway } from './gateway.js'

const gateway = await createGateway()
console.log(gateway.url)
