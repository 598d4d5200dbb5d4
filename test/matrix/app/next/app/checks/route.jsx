import * as spanlog from 'spanlog'
import * as http from 'spanlog/http'
import * as logs from 'spanlog/logs'
import pino from 'spanlog/pino'
import winston from 'spanlog/winston'
import checks from '../../../checks.cjs'

export const dynamic = 'force-dynamic'
export const GET = async () => Response.json(await checks({ spanlog, pino, winston, http, logs }))
