// commy/host/exchange.hpp: our actors and those of other processes, in a
// segment.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/actor/pending_answers.hpp>
#include <commy/host/inbox_reader.hpp>
#include <commy/host/peer_watch.hpp>
#include <commy/host/remote_error.hpp>
#include <commy/memory/segment.hpp>
#include <commy/message/name_table.hpp>
#include <commy/message/protocol_table.hpp>
#include <commy/message/ring_producer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace commy::host {

class mail_clerk;

/// What became of the traffic with other processes. Each number only grows, but
/// `pending`.
struct exchange_statistics {
  message::inbox_statistics inbox;
  actors::pending_answers::counts answers;
  std::uint64_t refused = 0;       // Messages and requests no actor took.
  std::uint64_t returned = 0;      // Told messages of ours none there took.
  std::uint64_t lost_answers = 0;  // Ours, to askers that took none for long.
  std::uint64_t peers_ended = 0;   // Inboxes whose end we were told.
  std::size_t pending = 0;         // Requests of ours under way.
};

/// One opening of one inbox in another process, as all of ours that stand for
/// its actors share it.
struct peer_link {
  actors::peer who;
  std::string title;  // "process 12 (sampler) of segment 'shop'"
  std::uint64_t watch_key = 0;

  // seq_cst, pairs with the stores in exchange: of setting this and looking for
  // the peer's requests there, and adding one and looking at this in
  // remote_actor::send_request(), one sees the other.
  [[nodiscard]] bool is_gone() const noexcept {
    return gone.load(std::memory_order_seq_cst);
  }
  std::atomic<bool> gone{false};
};

/// Bytes that tie to a request, a watch or an end, on their way to a peer, and
/// the loans that go along.
struct outgoing_mail {
  struct enclosure {
    memory::loan_block block;
    std::uint32_t place = 0;  // As of a carried_loan.
  };
  actors::peer to;
  memory::cell_kind kind{};
  std::uint32_t actor = 0;
  std::uint64_t correlation = 0;
  message_id id{};
  std::vector<std::byte> bytes{};
  std::vector<enclosure> loans{};
};

/// An actor that was found.
struct found_actor {
  /// Of this process itself; else `remote` stands for it.
  std::optional<wire_port> local;
  actors::cell_handle remote;
};

/// The part of one attachment in what actors of several processes do: takes
/// messages and requests to ours, sends our answers back, ends requests that
/// nobody will answer, and keeps one actor here for each that was found there.
/// Threads: any. Outlives `close` as long as anybody refers to it.
class exchange : public std::enable_shared_from_this<exchange> {
public:
  /// Texts of reasons that travel to other processes, in bytes; longer ones are
  /// cut. Half a loan block of the smallest classes.
  static constexpr std::size_t reasons_max = 1024;
  /// Others that may watch one of our actors: one for each participant.
  static constexpr std::size_t watchers_max = 1023;

  /// Opens the inbox of this attachment and starts to take what comes.
  static result<std::shared_ptr<exchange>, inbox_error> open(
      actor_system& actors, peer_watch& peers, const segment& shared,
      const message::inbox_options& options = {});
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  ~exchange();

  /// Lets others find the actor of this name; looked up by its name for each
  /// message unless `port` says who it is. With its end its name ends.
  result<void, inbox_error> publish(std::string_view name,
                                    const std::optional<wire_port>& port);
  void withdraw(std::string_view name);

  /// The actor of that name, if it takes what `wanted` lists. With a deadline
  /// it waits for the name until then.
  result<found_actor, remote_error> find(
      std::string_view name, std::span<const message::protocol_line> wanted,
      std::optional<std::chrono::steady_clock::time_point> deadline,
      const spawn_options& options);

  /// Tells all who watch that ours are gone, closes the inbox, ends what stands
  /// for others here, and waits for that. Not from a handler.
  void close();

  [[nodiscard]] exchange_statistics statistics() const;
  [[nodiscard]] const segment& shared() const noexcept { return shared_; }

  // For remote_actor, mail_clerk and the answers of requests.
  [[nodiscard]] const std::shared_ptr<memory::engine>& engine() const noexcept {
    return shared_.engine();
  }
  [[nodiscard]] actors::pending_answers& pending() noexcept { return pending_; }
  /// Sends now, or lets the clerk try again. To one that is gone: nothing.
  void send(const actors::peer& to, const message::outgoing& mail) noexcept;
  /// Once; false when there is no room now, and then nothing has changed.
  [[nodiscard]] bool try_send(outgoing_mail& mail) noexcept;
  void count_lost_answer() noexcept {
    // relaxed: a statistic.
    lost_answers_.fetch_add(1, std::memory_order_relaxed);
  }
  /// A push found the peer's inbox closed: it is asked nothing any more, and
  /// why it is gone is found out by the watch.
  void note_closed(const std::shared_ptr<peer_link>& peer) noexcept;
  /// The clerk's timer has rung, which has woken a worker.
  void note_looked_into() noexcept {
    looked_into_soon_.store(false, std::memory_order_relaxed);
  }
  /// Tells senders how much of what they told was in vain; false when there is
  /// more to tell them, later.
  [[nodiscard]] bool say_returned();
  /// One of our published actors has ended, as this watch says.
  void actor_ended(watch_id watch, const std::vector<std::string>& reasons);

private:
  struct published {
    std::string name;
    std::optional<wire_port> port;
    watch_id watch{};
    std::vector<actors::peer> watchers{};
  };
  /// That a peer has ended, or, without an `end`, that its inbox was found
  /// closed. Acted upon after all that it has sent before.
  struct news {
    std::shared_ptr<peer_link> peer;
    std::optional<peer_end> end;
  };
  /// Told messages of one sender, receiver and type that the receiver did not
  /// take, and for one reason.
  struct returned {
    actors::peer to;
    std::uint32_t actor;
    message_id id;
    deliver_error why;
    std::uint32_t count;
  };
  struct proxy {
    message::name_place place;
    actors::cell_handle actor;
    std::shared_ptr<peer_link> peer;
  };

  exchange(actor_system& actors, peer_watch& peers, segment shared,
           message::name_table names,
           std::optional<message::protocol_table> protocols);

  void end_published(const published& ours, std::uint32_t number,
                     const std::vector<std::string>& reasons);
  bool take(const message::parcel& parcel);
  bool deliver(const message::parcel& parcel);
  bool deliver_request(const message::parcel& parcel);
  /// A worker that has taken a message leaves the inbox to run its actor, for
  /// as long as that takes, while others may sleep. So a timer wakes one of
  /// them in a while; whoever has nothing else to do looks into the inbox.
  void have_inbox_looked_into() noexcept;
  /// Nobody took this told message: its sender is to know.
  void tell_sender(const message::parcel& parcel, deliver_error why);
  /// Requires the lock.
  void add_returned(const returned& some);
  void take_returned(const message::parcel& parcel);
  void take_refusal(const message::parcel& parcel);
  void take_watch(const message::parcel& parcel);
  void take_ended(const message::parcel& parcel);
  [[nodiscard]] std::optional<wire_port> port_of(std::uint32_t number) const;
  void count_refused(const message::parcel& parcel, std::string_view why);
  void end_link(const std::shared_ptr<peer_link>& peer,
                const std::vector<std::string>& reasons, std::string_view text);
  [[nodiscard]] actors::peer sender_of(const message::parcel& parcel) const;
  void tell_ended(const actors::peer& whom, std::uint32_t number,
                  const std::vector<std::string>& reasons) noexcept;

  [[nodiscard]] result<void, remote_error> compare(
      std::string_view name, const message::name_place& place,
      std::span<const message::protocol_line> wanted) const;
  [[nodiscard]] unexpected<remote_error> not_found(
      std::string_view name, const failure<send_error>& why) const;
  result<actors::cell_handle, remote_error> stand_in(
      std::string_view name, const message::name_place& place,
      const spawn_options& options);
  /// Requires the lock. Links to earlier openings of the same inbox go to
  /// `over`.
  std::shared_ptr<peer_link> link_to(
      const message::name_place& place,
      std::vector<std::shared_ptr<peer_link>>& over);
  [[nodiscard]] std::shared_ptr<inbox_reader> inbox() const;
  /// Sends the news through our own ring, behind what lies there.
  void note(news what);
  void take_note(std::uint64_t number);

  actor_system& actors_;
  peer_watch& peers_;
  segment shared_;
  message::name_table names_;
  std::optional<message::protocol_table> protocols_;
  actors::pending_answers pending_;
  ref<mail_clerk> clerk_;
  std::uint64_t tag_ = 0;
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> lost_answers_{0};
  std::atomic<std::uint64_t> peers_ended_{0};
  std::atomic<std::uint64_t> returned_count_{0};
  std::atomic<bool> looked_into_soon_{false};

  mutable std::mutex mutex_;  // Guards what follows.
  bool closed_ = false;
  std::shared_ptr<inbox_reader> inbox_;  // Null once closed.
  std::unordered_map<std::uint32_t, published> published_;
  std::unordered_map<std::string, proxy> proxies_;
  std::vector<std::shared_ptr<peer_link>> links_;
  std::unordered_map<std::uint64_t, news> notes_;
  std::uint64_t last_note_ = 0;
  std::vector<returned> returned_;
  bool clerk_knows_ = false;  // That there are some.
  // What was looked for here, by its id: names for people.
  std::unordered_map<message_id, std::string> told_types_;
};

}  // namespace commy::host
