--- @include "entry.lua"

-- The version of a key's entry; '' where there is none, or no readable one. An expired one has its version yet.
local function currentVersion(key)
  local found = parseEntry(redis.call('GET', key))
  return found and found.version or ''
end
