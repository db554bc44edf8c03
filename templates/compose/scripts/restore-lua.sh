# shellcheck shell=sh
# What runs on the server that holds a file of a set (restore-keys.sh). Sourced by restore.sh, never run.
# Keys are bytes, and none is ever handed to the shell. Its own notes are in the database above all others.
#
# scan NOTES DB CURSOR COUNT: notes the next keys of a database; gives the next cursor.
lua_scan() {
  cat <<'END'
local notes, db, cursor, count = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local keys = {}
redis.call('SELECT', db)
repeat
  local found = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = found[1]
  for _, key in ipairs(found[2]) do keys[#keys + 1] = key end
until cursor == '0' or #keys >= count
redis.call('SELECT', notes)
redis.call('DEL', 'chunk')
for i = 1, #keys, 1000 do redis.call('RPUSH', 'chunk', unpack(keys, i, math.min(i + 999, #keys))) end
return cursor
END
}

lua_slots() {
  cat <<'END'
local bxor, byte = bit.bxor, string.byte
-- CRC16 of one byte, in two halves: an exclusive or costs a call.
local high, low = {}, {}
for i = 0, 255 do
  local crc = i * 256
  for _ = 1, 8 do
    crc = crc * 2
    if crc >= 65536 then crc = bxor(crc - 65536, 0x1021) end
  end
  low[i] = crc % 256
  high[i] = (crc - low[i]) / 256
end
local function slot_of(key)
  local from = string.find(key, '{', 1, true)
  local till = from and string.find(key, '}', from + 1, true)
  if till and till > from + 1 then key = string.sub(key, from + 1, till - 1) end
  local h, l = 0, 0
  for i = 1, #key do
    local at = bxor(h, byte(key, i))
    h, l = bxor(l, high[at]), low[at]
  end
  return (h * 256 + l) % 16384
end
local function note_slots(owner_of, text, owner)
  for range in string.gmatch(text, '[^,]+') do
    local first, last = string.match(range, '^(%d+)-(%d+)$')
    for slot = tonumber(first or range), tonumber(last or range) do owner_of[slot] = owner end
  end
end
END
}

# deal NOTES SLOTS...: splits the keys that were found by who takes them; gives how many for each.
lua_deal() {
  lua_slots
  cat <<'END'
redis.call('SELECT', ARGV[1])
local keys, owner_of, dealt, counts = redis.call('LRANGE', 'chunk', 0, -1), {}, {}, {}
for i = 2, #ARGV do
  dealt[i - 1] = {}
  if ARGV[i] ~= 'all' then note_slots(owner_of, ARGV[i], i - 1) end
end
for _, key in ipairs(keys) do
  local mine = dealt[ARGV[2] == 'all' and 1 or owner_of[slot_of(key)]]
  mine[#mine + 1] = key
end
for owner, mine in ipairs(dealt) do
  counts[owner] = #mine
  redis.call('DEL', 'to:' .. owner)
  for i = 1, #mine, 1000 do redis.call('RPUSH', 'to:' .. owner, unpack(mine, i, math.min(i + 999, #mine))) end
end
return table.concat(counts, ' ')
END
}

# emit NOTES DB OWNER FROM BYTES REPLICAS: commands for one of them, as they go over the wire, until there are so many bytes. Last
# comes WAIT, so that a primary that fails next takes nothing with it that counts as written. Notes next, keys, expiring, replies.
lua_emit() {
  cat <<'END'
local notes, db, owner, from, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local out, bytes, looked, sent, expiring, replies = {}, 0, 0, 0, 0, 1
redis.call('SELECT', notes)
local keys = redis.call('LRANGE', 'to:' .. owner, from, -1)
redis.call('SELECT', db)
if db ~= '0' then
  out[1] = '*2\r\n$6\r\nSELECT\r\n$' .. #db .. '\r\n' .. db .. '\r\n'
  replies = 2
end
for _, key in ipairs(keys) do
  looked = looked + 1
  local value = redis.call('DUMP', key)
  if value then
    local at = redis.call('PEXPIRETIME', key)
    if at > 0 then expiring = expiring + 1 end
    at = at > 0 and string.format('%.0f', at) or '0'
    out[#out + 1] = '*6\r\n$7\r\nRESTORE\r\n$' .. #key .. '\r\n' .. key .. '\r\n$' .. #at .. '\r\n' .. at .. '\r\n$'
      .. #value .. '\r\n' .. value .. '\r\n$6\r\nABSTTL\r\n$7\r\nREPLACE\r\n'
    sent = sent + 1
    bytes = bytes + #key + #value
  end
  if bytes > most then break end
end
out[#out + 1] = '*3\r\n$4\r\nWAIT\r\n$1\r\n' .. ARGV[6] .. '\r\n$4\r\n2000\r\n'
redis.call('SELECT', notes)
redis.call('HSET', 'sent', 'next', from + looked, 'keys', sent, 'expiring', expiring, 'replies', sent + replies)
return table.concat(out)
END
}

# One line: type, content in an order that means nothing, and time of expiry of a key. Of what is large only how much it is.
digest() {
  tr '\n' ' ' <<'END'
local k, t = KEYS[1], redis.call('TYPE', KEYS[1]).ok
local sizes = {string = 'STRLEN', list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN', stream = 'XLEN'}
local size = sizes[t] and redis.call(sizes[t], k) or 0
local function flat(v)
  if type(v) ~= 'table' then v = tostring(v) return #v .. ':' .. v end
  local o = {}
  for i = 1, #v do o[i] = flat(v[i]) end
  return '(' .. table.concat(o, ',') .. ')'
end
local v = ''
if size > (t == 'string' and 8000000 or 5000) then v = 'large'
elseif t == 'string' then v = redis.call('GET', k)
elseif t == 'list' then v = redis.call('LRANGE', k, 0, -1)
elseif t == 'set' then v = redis.call('SMEMBERS', k) table.sort(v)
elseif t == 'zset' then v = redis.call('ZRANGE', k, 0, -1, 'WITHSCORES')
elseif t == 'stream' then v = {redis.call('XRANGE', k, '-', '+'), redis.call('XINFO', 'GROUPS', k)}
elseif t == 'hash' then
  local all = redis.call('HGETALL', k)
  v = {}
  for i = 1, #all, 2 do
    local e = redis.pcall('HPEXPIRETIME', k, 'FIELDS', 1, all[i])
    v[#v + 1] = flat({all[i], all[i + 1], e.err and '' or e[1]})
  end
  table.sort(v)
elseif t ~= 'none' then v = redis.call('DUMP', k) end
return t .. ' ' .. size .. ' ' .. redis.sha1hex(flat(v)) .. ' ' .. string.format('%.0f', redis.call('PEXPIRETIME', k))
END
}

# pick DIGEST SLOTS COUNT DB...: keys at random of what one owner takes, as lines that ask for their digests.
lua_pick() {
  lua_slots
  cat <<'END'
local owned, lines = {}, {}
if ARGV[2] ~= 'all' then note_slots(owned, ARGV[2], true) end
for i = 4, #ARGV do
  local seen, count = {}, 0
  redis.call('SELECT', ARGV[i])
  lines[#lines + 1] = 'SELECT ' .. ARGV[i]
  for _ = 1, ARGV[3] * 10 do
    local key = redis.call('RANDOMKEY')
    if not key or count >= tonumber(ARGV[3]) then break end
    if not seen[key] and (ARGV[2] == 'all' or owned[slot_of(key)]) then
      seen[key] = true
      count = count + 1
      local name = string.gsub(key, '.', function(c) return string.format('\\x%02x', string.byte(c)) end)
      lines[#lines + 1] = 'EVAL_RO "' .. ARGV[1] .. '" 1 "' .. name .. '"'
    end
  end
end
return table.concat(lines, '\n')
END
}
