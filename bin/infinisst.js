#!/usr/bin/env node
import {createProcessContext} from '../dist/cli/command-context.js';
import {main} from '../dist/cli/main.js';

process.exitCode = await main(process.argv.slice(2), createProcessContext());
