// modules/gateway/limits.hpp: how much a client may ask of the gateway.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace commy::gateway {

using namespace std::chrono_literals;

// Before `hello` anybody can send: a hello with the longest key needs 1 KiB.
inline constexpr std::size_t message_max_before_hello = 16U << 10U;
inline constexpr std::size_t message_max = 1U << 20U;
inline constexpr std::size_t nesting_max = 32;
inline constexpr auto hello_deadline = 5s;

/// Sockets, whatever they speak, beside the sessions that are allowed: browsers
/// open some six for a page and keep them.
inline constexpr std::size_t spare_connections = 64;
inline constexpr std::size_t watches_max = 128;
/// Requests of one session that wait for an answer.
inline constexpr std::size_t in_flight_max = 32;
/// Distinct watched things: each has a thread, which sleeps while nothing
/// changes. A page watches seven.
inline constexpr std::size_t feeds_max = 64;

/// Bytes queued for one session. Above the soft mark its watches skip events
/// and get a fresh snapshot later; at the hard one the session is closed. The
/// hard mark holds the soft one, a page of a snapshot and the largest reply.
inline constexpr std::size_t outbox_soft = 1U << 20U;
inline constexpr std::size_t outbox_hard = 4U << 20U;
inline constexpr auto stalled_max = 30s;

inline constexpr std::size_t snapshot_page_bytes = 128U << 10U;
inline constexpr std::size_t reply_max = 1U << 20U;
/// Elements of a queue that one watch begins with, or one `get` reads.
inline constexpr std::uint64_t elements_max = 20'000;
inline constexpr std::uint64_t elements_standard = 1'000;
/// Entries of a map; a larger one cannot be watched as a whole.
inline constexpr std::uint64_t entries_max = 20'000;
inline constexpr std::size_t fields_max = 64;

/// Events of a watch while its snapshot is still being sent.
inline constexpr std::size_t held_events_max = 256;
/// A watch that has nothing to say says so, to be told from a dead one.
inline constexpr auto mark_every = 10s;

/// Work that readers wait for: how many jobs, and in how many threads. Two, so
/// that one reader held up by a stopped writer does not stop all others.
inline constexpr std::size_t desk_jobs_max = 256;
inline constexpr unsigned desk_threads = 2;
/// How long a reader waits for a writer before it answers `LOCKED`.
inline constexpr auto read_patience = 1s;

}  // namespace commy::gateway
