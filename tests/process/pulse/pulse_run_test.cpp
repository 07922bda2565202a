#include "running_pulse.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <regex>

using Catch::Matchers::ContainsSubstring;
using commy::test::test_folder;

namespace {

/// The numbers behind the names in the line "processes seen".
std::vector<std::uint32_t> pids_in(const std::string& output) {
  std::vector<std::uint32_t> pids;
  const auto line = output.find("processes seen");
  if (line == output.npos) return pids;
  const auto text = output.substr(line, output.find('\n', line) - line);
  const std::regex pair{"([a-z]+) ([0-9]+)"};
  for (std::sregex_iterator i{text.begin(), text.end(), pair}, end; i != end;
       ++i) {
    pids.push_back(static_cast<std::uint32_t>(std::stoul((*i)[2])));
  }
  return pids;
}

/// A port of this machine on which somebody listens.
class taken_port {
public:
  taken_port() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(socket_, any, size) == 0);
    REQUIRE(::listen(socket_, 1) == 0);
    REQUIRE(::getsockname(socket_, any, &size) == 0);
    number_ = std::to_string(ntohs(address.sin_port));
  }
  taken_port(const taken_port&) = delete;
  taken_port& operator=(const taken_port&) = delete;
  ~taken_port() { ::close(socket_); }

  [[nodiscard]] const std::string& number() const noexcept { return number_; }

private:
  int socket_;
  std::string number_;
};

}  // namespace

TEST_CASE("pulse ends by itself, with a summary and nothing left behind") {
  const test_folder folder;
  running_pulse pulse{folder.path(), {"--seconds", "3"}};

  CHECK(pulse.wait_for_exit() == 0);

  CAPTURE(pulse.output());
  CHECK_THAT(pulse.output(), ContainsSubstring("http://127.0.0.1:"));
  CHECK_THAT(pulse.output(), ContainsSubstring("/#key=ck_"));
  for (const auto* const line :
       {" s  CPU", "Summary of ", "samples taken   ", "transactions    ",
        "point reads     ", "bytes shared    "}) {
    CHECK_THAT(pulse.output(), ContainsSubstring(line));
  }
  const auto pids = pids_in(pulse.output());
  CHECK(pids.size() >= 4);
  for (const auto pid : pids)
    CHECK_FALSE(is_running(pid));
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("Ctrl-C ends all processes in order and leaves nothing behind") {
  const test_folder folder;
  running_pulse pulse{folder.path(), {}};
  REQUIRE(pulse.says(" s  CPU"));

  ::kill(static_cast<pid_t>(pulse.process().pid()), SIGINT);

  CHECK(pulse.wait_for_exit() == 0);
  CAPTURE(pulse.output());
  for (const auto pid : pids_in(pulse.output()))
    CHECK_FALSE(is_running(pid));
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("a page port that is taken is named, with exit code 4") {
  const test_folder folder;
  const taken_port port;
  running_pulse pulse{folder.path(), {"--port", port.number()}};

  CHECK(pulse.wait_for_exit() == 4);

  CHECK_THAT(pulse.output(), ContainsSubstring(port.number()));
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("a second pulse names the first one's host and leaves it alone") {
  const test_folder folder;
  running_pulse first{folder.path(), {}};
  REQUIRE(first.says(" s  CPU"));
  const auto host = first.pid_of("host");

  running_pulse second{folder.path(), {}};
  CHECK(second.wait_for_exit() == 4);

  CHECK_THAT(second.output(), ContainsSubstring(std::to_string(host)));
  CHECK(first.says(" s  CPU", 3));
  first.process().terminate();
  CHECK(first.wait_for_exit() == 0);
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("a manifest that is missing or wrong is exit code 3 and its reason") {
  const test_folder folder;
  running_pulse missing{folder.path(), {"--manifest", folder / "none.json"}};
  CHECK(missing.wait_for_exit() == 3);
  CHECK_THAT(missing.output(), ContainsSubstring("none.json"));

  std::ofstream{folder / "wrong.json"} << R"({"name": "x", "modles": {}})";
  running_pulse wrong{folder.path(), {"--manifest", folder / "wrong.json"}};
  CHECK(wrong.wait_for_exit() == 3);
  CHECK_THAT(wrong.output(), ContainsSubstring("modules"));  // The nearest.
}

TEST_CASE("wrong arguments of pulse are exit code 2") {
  const test_folder folder;
  for (const auto* const wrong : {"--seconds=0", "--port=99999", "--speed"}) {
    CAPTURE(wrong);
    running_pulse pulse{folder.path(), {wrong}};
    CHECK(pulse.wait_for_exit() == 2);
  }
}
