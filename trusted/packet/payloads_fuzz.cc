// A party may sign anything: payloads are hostile even under a good signature. The first byte picks
// the kind, the rest is the payload. Whatever opens is made again as the same bytes.

#include "trusted/packet/close_request.h"
#include "trusted/packet/key_release.h"
#include "trusted/packet/request.h"
#include "trusted/packet/statement.h"

namespace gbx::packet {
namespace {

void open_as(std::uint8_t kind, const std::string& payload) {
  static const auto key = crypto::SigningKey::from_seed(Secret<32>(Hash{1}));
  static const auto room = crypto::SealingKey::from_secret(Secret<32>(Hash{1}));
  constexpr std::string_view kTypes[] = {kRequestType, kKeyReleaseType, kStatementType, kCloseType};
  Envelope envelope{std::string(kTypes[kind % 4]), payload, {}};
  sign(envelope, key);
  const auto request = open_request(envelope, key.public_key());
  if (request) GBX_CHECK(make_request(*request, key).payload == payload);
  const auto close = open_close_request(envelope, key.public_key());
  if (close) GBX_CHECK(make_close_request(*close, key).payload == payload);
  const auto statement = open_statement(envelope, kAnswerPredicate, key.public_key());
  if (statement) GBX_CHECK(make_statement(*statement, key).payload == payload);
  if (const auto json = Json::parse_canonical(payload)) {
    const auto list = decode_derived_list(*json, "derived_answer_wrong");
    if (list) GBX_CHECK(encode(*list).canonical() == payload);
    const auto said = decode_derived_predicate(*json, "derived_answer_wrong");
    if (said) GBX_CHECK(encode(*said).canonical() == payload);
    const auto tables = decode_derived_tables(*json, "answer_malformed");
    if (tables) GBX_CHECK(encode(*tables).canonical() == payload);
  }
  GBX_CHECK(!open_key_release(envelope, key.public_key(), room));
}

}  // namespace
}  // namespace gbx::packet

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  gbx::packet::open_as(data[0], std::string(gbx::as_text({data + 1, size - 1})));
  return 0;
}
