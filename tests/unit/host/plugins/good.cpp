// A plugin that does what it is asked to.
#include "number.h"
#include <commy/host/plugin.hpp>

#include <stdexcept>

template <>
struct commy::plugin_message<test_number> {
  static constexpr std::string_view layout = TEST_NUMBER_LAYOUT;
};
template <>
struct commy::plugin_message<test_handle> {
  static constexpr std::string_view layout = TEST_HANDLE_LAYOUT;
};

namespace {

class echo {
public:
  using protocol = commy::plugin_messages<test_number, test_handle>;

  echo(commy::plugin_host host, std::string_view name) : host_{host} {
    if (name == "unwanted") throw std::runtime_error{"not under this name"};
    host_.info("an echo begins");
  }
  ~echo() { host_.info("an echo ends"); }

  void on(const test_number& number) {
    switch (number.what) {
      case TEST_ADD_ONE:
        return answer(number.value + 1);
      case TEST_THROW:
        throw std::runtime_error{"as I was told"};
      case TEST_THROW_OTHER:
        throw 42;
      case TEST_TELL_OPTION:
        return answer(host_.integer("number"));
      case TEST_TELL_TIME:
        return answer(host_.now().count());
      case TEST_SEND_NOWHERE:
        return answer(host_.send("nobody", number).code);
      default:
        throw commy::plugin_failure{"what is that?"};
    }
  }

  void on(const test_handle& message) {
    const auto* const number = host_.resolve<std::int64_t>(message.handle);
    answer(number != nullptr ? *number : -1);
  }

private:
  void answer(std::int64_t value) {
    if (const auto sent = host_.send("collector", test_number{value, 0, 0});
        !sent) {
      host_.error(sent.text);
    }
  }

  commy::plugin_host host_;
};

}  // namespace

COMMY_PLUGIN(test_good, "1.2.3") {
  plugin.summary("Answers numbers")
      .actor<echo>("test.echo")
      .option({.name = "number",
               .kind = COMMY_OPTION_INTEGER,
               .summary = "Any number",
               .standard = "7",
               .minimum = "0",
               .maximum = "100"});
}
