#include "trusted/packet/template_call.h"

#include <gtest/gtest.h>

#include "trusted/packet/request.h"

namespace gbx::packet {
namespace {

constexpr Literal kWrong = "request_malformed";

TemplateCall example() {
  return {"overlap", 2, Hash{1, 2, 3}, {{"campaign", "it's \"autumn\""}, {"since", "2025-01-31"}}};
}

// `json` without member `key`, or with it as `value`.
Json with(const Json& json, std::string_view key, const Json& value) {
  Json::Object out;
  for (const Json::Member& member : *json.object()) {
    if (member.first != key) out.push_back(member);
  }
  if (!value.is_null()) out.emplace_back(key, value);
  return Json(std::move(out));
}

Json argument(std::string_view name, std::string_view value) {
  return Json::object({{"name", name}, {"value", value}});
}

bool decodes(const Json& json) { return decode_template_call(json, kWrong).has_value(); }

TEST(TemplateCall, DecodesToTheSame) {
  const auto decoded = decode_template_call(encode(example()), kWrong);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, example());
}

TEST(TemplateCall, EveryMemberIsThereAndNoOther) {
  const Json good = encode(example());
  for (const char* key : {"digest", "name", "parameters", "version"}) {
    EXPECT_FALSE(decodes(with(good, key, Json()))) << key;
  }
  EXPECT_FALSE(decodes(with(good, "sql", "SELECT 1")));
  EXPECT_FALSE(decodes(with(good, "version", 0)));
  EXPECT_FALSE(decodes(with(good, "version", "2")));
  EXPECT_FALSE(decodes(with(good, "digest", "00")));
  EXPECT_FALSE(decodes(with(good, "name", std::string(65, 'a'))));
}

TEST(TemplateCall, ParametersAreAscendingAndSmall) {
  const auto parameters = [](Json::Array entries) {
    return decodes(with(encode(example()), "parameters", Json(std::move(entries))));
  };
  EXPECT_TRUE(parameters({}));
  EXPECT_TRUE(parameters({argument("a", ""), argument("b", "")}));
  EXPECT_FALSE(parameters({argument("b", ""), argument("a", "")}));
  EXPECT_FALSE(parameters({argument("a", "1"), argument("a", "2")}));
  EXPECT_FALSE(parameters({with(argument("a", "1"), "value", 1)}));
  EXPECT_FALSE(parameters({with(argument("a", "1"), "type", "text")}));
  EXPECT_TRUE(parameters({argument("a", std::string(kArgumentBytesMax, '1'))}));
  EXPECT_FALSE(parameters({argument("a", std::string(kArgumentBytesMax + 1, '1'))}));
  Json::Array many;
  for (std::size_t i = 0; i <= kArgumentsMax; i++) {
    many.push_back(argument("a" + std::to_string(100 + i), ""));
  }
  EXPECT_FALSE(parameters(many));
}

TEST(TemplateCall, ARequestHasSqlOrATemplate) {
  const crypto::SigningKey key = crypto::SigningKey::from_seed(Secret<32>(Hash{7}));
  Request request;
  request.member = "newsnow";
  request.call = example();
  const Envelope envelope = make_request(request, key);
  EXPECT_EQ(envelope.payload.find("\"sql\""), std::string::npos);
  const auto opened = open_request(envelope, key.public_key());
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, request);
  const auto reopened = [&](const Json& payload) {
    Envelope other = make_envelope(kRequestType, payload);
    sign(other, key);
    return open_request(other, key.public_key()).has_value();
  };
  const Json payload = Json::parse(envelope.payload).value();
  EXPECT_TRUE(reopened(payload));
  EXPECT_FALSE(reopened(with(payload, "sql", "SELECT 1")));
  EXPECT_FALSE(reopened(with(payload, "template", Json())));
  EXPECT_FALSE(reopened(with(payload, "template", Json(Json::Array()))));
}

}  // namespace
}  // namespace gbx::packet
