#include "modules/gateway/rpc_codec.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <variant>

namespace {

using commy::gateway::decode_request;
using commy::gateway::rpc_code;
using commy::gateway::rpc_refusal;
using commy::gateway::rpc_request;

rpc_request good(const std::string& text) {
  auto read = decode_request(text);
  INFO(text);
  REQUIRE(std::holds_alternative<rpc_request>(read));
  return std::get<rpc_request>(std::move(read));
}

rpc_refusal bad(const std::string& text) {
  auto read = decode_request(text);
  INFO(text);
  REQUIRE(std::holds_alternative<rpc_refusal>(read));
  return std::get<rpc_refusal>(std::move(read));
}

std::string request(const std::string& method, const std::string& params) {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" +
         params + "}";
}

}  // namespace

TEST_CASE("a request's parameters are taken apart") {
  const auto read = good(request(
      "watch", R"({"path":"demo/pulse/now","last":6000,"fields":["a","b"]})"));

  CHECK(read.id == "1");
  CHECK(read.method == "watch");
  CHECK(read.path == "demo/pulse/now");
  CHECK(read.last == 6000U);
  CHECK(read.fields == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(read.count);
}

TEST_CASE("an id comes back as it was sent") {
  CHECK(good(R"({"jsonrpc":"2.0","id":"a\"b","method":"sys.ping"})").id ==
        R"("a\"b")");
  CHECK(good(R"({"jsonrpc":"2.0","id":-7,"method":"sys.ping"})").id == "-7");
  CHECK(good(R"({"jsonrpc":"2.0","method":"sys.ping"})").id.empty());
}

TEST_CASE("a hello carries a key") {
  const auto read = good(request(
      "hello",
      R"({"auth":{"kind":"key","key":"ck_x"},"client":{"name":"page"}})"));

  CHECK(read.auth_kind == "key");
  CHECK(read.auth_key == "ck_x");
  CHECK(read.client == "page");
}

TEST_CASE("what is not JSON-RPC is refused with the standard's codes") {
  struct row {
    std::string text;
    rpc_code code;
    std::string id;
  };
  const std::string deep(40, '[');
  for (const auto& [text, code, id] : {
           row{"", rpc_code::parse_error, "null"},
           row{"{", rpc_code::parse_error, "null"},
           row{"{}}", rpc_code::parse_error, "null"},
           row{"{\"a\":NaN}", rpc_code::parse_error, "null"},
           row{"{\"a\":\"\xff\"}", rpc_code::parse_error, "null"},
           row{deep + std::string(40, ']'), rpc_code::parse_error, "null"},
           row{"[]", rpc_code::invalid_request, "null"},
           row{"7", rpc_code::invalid_request, "null"},
           row{"{}", rpc_code::invalid_request, "null"},
           row{R"({"jsonrpc":"1.0","id":3,"method":"get"})",
               rpc_code::invalid_request, "3"},
           row{R"({"jsonrpc":"2.0","id":3})", rpc_code::invalid_request, "3"},
           row{R"({"jsonrpc":"2.0","id":3,"method":7})",
               rpc_code::invalid_request, "3"},
           row{R"({"jsonrpc":"2.0","id":{},"method":"get"})",
               rpc_code::invalid_request, "null"},
           row{R"({"jsonrpc":"2.0","id":1.5,"method":"get"})",
               rpc_code::invalid_request, "null"},
           row{R"({"jsonrpc":"2.0","id":3,"method":"fly"})",
               rpc_code::unknown_method, "3"},
           row{R"({"jsonrpc":"2.0","id":3,"method":"get","params":[]})",
               rpc_code::invalid_params, "3"},
       }) {
    const auto refusal = bad(text);
    INFO(text);
    CHECK(refusal.why.code == code);
    CHECK(refusal.id == id);
  }
}

TEST_CASE("a parameter of the wrong form is named") {
  for (const auto& [params, name] :
       {std::pair{R"({"path":7})", "'path'"},
        std::pair{R"({"path":"a","from":-1})", "'from'"},
        std::pair{R"({"path":"a","count":1.5})", "'count'"},
        std::pair{R"({"path":"a","count":"3"})", "'count'"},
        std::pair{R"({"path":"a","from":9007199254740993})", "'from'"},
        std::pair{R"({"pth":"a"})", "does not take 'pth'"}}) {
    const auto refusal = bad(request("get", params));
    INFO(params);
    CHECK(refusal.why.code == rpc_code::invalid_params);
    CHECK(refusal.why.message.find(name) != std::string::npos);
  }
  CHECK(bad(request("watch", R"({"path":"a","fields":[]})")).why.code ==
        rpc_code::invalid_params);
  CHECK(bad(request("get", R"({"path":")" + std::string(400, 'x') + "\"}"))
            .why.code == rpc_code::invalid_params);
}

TEST_CASE("every failure has a name and says whether to try again") {
  using commy::gateway::encode_failure;
  CHECK(encode_failure("3", {rpc_code::denied, "", "read"}) ==
        R"({"jsonrpc":"2.0","id":3,"error":{"code":403,"message":)"
        R"("this key gives no such right here","data":{"name":"DENIED",)"
        R"("retry":false,"need":"read"}}})");
  CHECK(encode_failure("null", {rpc_code::locked})
            .find(R"("name":"LOCKED","retry":true)") != std::string::npos);
  CHECK(encode_failure("1", {rpc_code::internal, "a\"b"})
            .find(R"("message":"a\"b")") != std::string::npos);
}
