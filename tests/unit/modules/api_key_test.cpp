#include "modules/auth/api_key.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using commy::auth::api_key;

TEST_CASE("a key's text reads back as the same key") {
  const auto made = api_key::make();

  const auto read = api_key::parse(made.text());

  REQUIRE(read);
  CHECK(read->id == made.id);
  CHECK(read->secret == made.secret);
  CHECK(made.text().size() == 3 + 8 + 1 + 43);
}

TEST_CASE("two keys differ in id and secret") {
  const auto a = api_key::make();
  const auto b = api_key::make();

  CHECK(a.id != b.id);
  CHECK(a.secret != b.secret);
}

TEST_CASE("a key with any one character changed is known to be mistyped") {
  const auto text = api_key::make().text();

  for (std::size_t i = 0; i < text.size(); ++i) {
    auto wrong = text;
    wrong[i] = wrong[i] == 'b' ? 'c' : 'b';
    INFO("character " << i);
    CHECK_FALSE(api_key::parse(wrong));
  }
}

TEST_CASE("what is no key is refused") {
  const auto text = api_key::make().text();
  for (const auto& wrong :
       {std::string{}, std::string{"ck_"}, text + "A", text + "=",
        text.substr(0, text.size() - 1), " " + text, "CK" + text.substr(2),
        std::string(text.size(), '_'), std::string(100'000, 'a'),
        text.substr(0, 20) + std::string(1, '\0') + text.substr(21)}) {
    CHECK_FALSE(api_key::parse(wrong));
  }
}

TEST_CASE("the stored hash tells neither id nor secret, and depends on both") {
  auto key = api_key::make();
  const auto hash = commy::auth::hash_of(key);

  CHECK(commy::auth::same_hash(hash, commy::auth::hash_of(key)));
  auto other = key;
  other.secret[27] ^= 1;
  CHECK_FALSE(commy::auth::same_hash(hash, commy::auth::hash_of(other)));
  other = key;
  other.id[0] = other.id[0] == 'a' ? 'b' : 'a';
  CHECK_FALSE(commy::auth::same_hash(hash, commy::auth::hash_of(other)));
}
