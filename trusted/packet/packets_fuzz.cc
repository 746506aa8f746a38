// Envelopes and the packets in them are hostile: whatever parses prints as the same bytes.

#include "trusted/packet/close_request.h"
#include "trusted/packet/dsse.h"
#include "trusted/packet/key_release.h"
#include "trusted/packet/request.h"
#include "trusted/packet/sealed_answer.h"
#include "trusted/packet/sealed_request.h"
#include "trusted/packet/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gbx;  // NOLINT(google-build-using-namespace): a fuzz target
  const std::string_view text = as_text({data, size});
  const auto envelope = packet::parse_envelope(text);
  if (envelope) {
    GBX_CHECK(packet::print_envelope(*envelope) == text);
    (void)packet::peek_release_table(*envelope);
    (void)packet::peek_request_member(*envelope);
    (void)packet::peek_close_member(*envelope);
    GBX_CHECK(!packet::open_statement(*envelope, packet::kAnswerPredicate, crypto::PublicKey{1}));
  }
  static const auto key =
      crypto::SealingKey::from_secret(Secret<32>(std::array<std::uint8_t, 32>{1}));
  GBX_CHECK(!packet::open_answer(text, "shopgood", key, {}));
  if (const auto sealed = packet::parse_sealed_request(text)) {
    // Anybody can seal to the room's key, so it may open: whatever is inside prints as it was.
    if (const auto inner = packet::open_sealed_request(*sealed, key)) {
      GBX_CHECK(packet::parse_envelope(packet::print_envelope(*inner)).has_value());
    }
  }
  return 0;
}
