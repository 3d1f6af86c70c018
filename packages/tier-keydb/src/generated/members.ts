// Made from src/lua/members-2.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const membersScript: LuaScript<2> = {
  name: 'lockstep:members 0.1.0',
  keyCount: 2,
  sha1: '57bc8c61007022aefe5fc9988bc732ee5136cf0d',
  lua: `-- lockstep:members 0.1.0
local reply = redis.call('HGETALL', KEYS[2])
table.insert(reply, 1, redis.call('HGET', KEYS[1], 'head'))
return reply
`,
};
