-- What wrk sends. One request costs a few string operations: everything that can be is built
-- before the clock starts.
--
--   wrk ... -s bench/load.lua URL -- kind=send folder=DIR wallets=100000 seed=1a2b3c4d-5e6f-4a0b-
--
-- kind      send, pay, hold, release, noop or ussd
-- folder    holds senders-1.txt, senders-2.txt ..., one for each thread: a wallet's number and a
--           token of its holder a line (bench/people.py)
-- wallets   how many wallets there are, to draw receivers and callers from
-- tills     how many tills there are, to draw payees from, counted from first_till
-- callback  the secret in the USSD gateway's address
-- seed      makes keys and sessions those of this run alone
-- gap_us    where given, each thread begins a request after such a time on average, at moments as
--           independent of each other as people are; else each connection asks again at once

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long s; long us; } kibubu_time;
  int gettimeofday(kibubu_time *now, void *zone);
]]

local PATHS = {
  send = "/v1/sends", pay = "/v1/payments", hold = "/v1/payments", noop = "/noop",
  release = "/v1/contracts/%s/releases",
}
local FIRST_PHONE = 710000000 -- as in bench/people.py
local FIRST_TILL = 100000     -- likewise
local CONTRACTS = 6 * 2 ^ 40 + 2 ^ 39  -- likewise; each wallet has one
local LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
local SECOND_HOPS = { "1", "2", "3", "4" }
local LAG = 300               -- sessions: more than there can be requests under way

local format, random = string.format, math.random

-- The main state of wrk ----------------------------------------------------------------------

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(format(
    '\nresult {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "refused": %d,'
      .. ' "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

-- The state of each thread -------------------------------------------------------------------

local count = 0

-- Payments: who sends is drawn from this thread's senders, so no token is used by two threads.

local heads, owners = {}, {}

local function reference(id)
  local letters = {}
  for place = 12, 1, -1 do
    local value = id % 32
    letters[place] = LETTERS:sub(value + 1, value + 1)
    id = (id - value) / 32
  end
  return table.concat(letters)
end

local function read_senders(folder, path, head)
  for line in io.lines(format("%s/senders-%d.txt", folder, number)) do
    local owner, token = line:match("^(%d+) (.+)$")
    local own = path:format(reference(CONTRACTS + tonumber(owner)))
    heads[#heads + 1] = "POST " .. own .. format(head, token)
    owners[#owners + 1] = tonumber(owner)
  end
end

local function payments(options, tail, target)
  -- Targets and amounts have a fixed width, so the length is known.
  local length = #tail(target(0), 101)
  read_senders(options.folder, PATHS[options.kind], " HTTP/1.1\r\nHost: bench\r\n"
    .. "Content-Type: application/json\r\nContent-Length: " .. length .. "\r\n"
    .. "Authorization: Bearer %s\r\nIdempotency-Key: " .. options.seed .. format("%04x-", number))
  return function()
    count = count + 1
    local drawn = random(#heads)
    local body = tail(target(owners[drawn]), random(101, 499))
    return heads[drawn] .. format("%012x", count) .. "\r\n\r\n" .. body
  end
end

local function other_phone(wallets)
  return function(owner)
    return FIRST_PHONE + (owner + random(wallets - 1)) % wallets
  end
end

local function send_body(phone, amount)
  return '{"receiver":"+254' .. phone .. '","amount":{"amount":"' .. amount
    .. '.00","currency":"KES"},"pin":"7294"}'
end

local function pay_body(till, amount)
  return '{"till":"' .. till .. '","amount":{"amount":"' .. amount
    .. '.00","currency":"KES"},"pin":"7294"}'
end

local function release_body(_, amount)
  return '{"amount":{"amount":"' .. amount .. '.00","currency":"KES"},"pin":"7294"}'
end

-- USSD: first and second hops in turn; a second hop follows long after its first was answered.

local function hops(options)
  local seed, wallets = options.seed, options.wallets
  local head = "POST /ussd/africastalking?token=" .. options.callback .. " HTTP/1.1\r\n"
    .. "Host: bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
  local function hop(session, typed)
    local body = format(
      "sessionId=%s%d-%d&serviceCode=%%2A384%%2A77%%23&phoneNumber=%%2B254%d&networkCode=63902"
        .. "&text=%s", seed, number, session, FIRST_PHONE + session * 7919 % wallets, typed)
    return head .. #body .. "\r\n\r\n" .. body
  end
  local begun, followed = 0, 0
  return function()
    if begun - followed <= LAG then
      begun = begun + 1
      return hop(begun, "")
    end
    followed = followed + 1
    return hop(followed, SECOND_HOPS[followed % #SECOND_HOPS + 1])
  end
end

-- A given rate: this thread's next request begins when it is due, on whichever connection is free.

local function pace(gap_us)
  local now, due_us = ffi.new("kibubu_time"), nil
  return function()
    ffi.C.gettimeofday(now, nil)
    local now_us = tonumber(now.s) * 1e6 + tonumber(now.us)
    due_us = (due_us or now_us) - math.log(1 - random()) * gap_us
    return math.max(0, math.floor((due_us - now_us) / 1000 + 0.5))
  end
end

local function read_options(args)
  local options = {}
  for _, argument in ipairs(args) do
    local name, value = argument:match("^([%a_]+)=(.*)$")
    options[name] = tonumber(value) or value
  end
  return options
end

function init(args)
  local options = read_options(args)
  math.randomseed(tonumber(options.seed:sub(1, 8), 16) + number)
  if options.kind == "ussd" then
    request = hops(options)
  elseif options.kind == "pay" or options.kind == "hold" then
    local first = options.kind == "pay" and FIRST_TILL or options.first_till
    request = payments(options, pay_body, function()
      return first + random(options.tills) - 1
    end)
  elseif options.kind == "release" then
    request = payments(options, release_body, function() return 0 end)
  else
    request = payments(options, send_body, other_phone(options.wallets))
  end
  if options.gap_us then
    delay = pace(options.gap_us)
  end
end
