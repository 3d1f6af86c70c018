--- @include "head.lua"

-- A new control head begins a new history: the log, the floor and every epoch of an earlier one die with it.
local function dropControlHistory(control, log)
  redis.call('DEL', log)
  for _, field in ipairs(redis.call('HKEYS', control)) do
    if field == 'floor' or string.sub(field, 1, 6) == 'epoch:' then redis.call('HDEL', control, field) end
  end
end
