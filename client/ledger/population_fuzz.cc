// The file lies in a home that others may write to. Whatever opens prints as it was; entries that
// replay, whoever wrote them, keep the promise at each of their totals.

#include "client/ledger/population.h"

#include <algorithm>

#include "trusted/crypto/hash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gbx::client::Population;
  static const gbx::crypto::SigningKey owner = gbx::crypto::SigningKey::from_seed(
      gbx::Secret<32>(gbx::crypto::sha256(gbx::as_bytes("glovebox example: shopgood signing"))));
  const std::string_view text = gbx::as_text({data, size});
  if (const auto whole = Population::parse(text, "everyone", owner.public_key())) {
    GBX_CHECK(whole->print(owner) == text);
  }
  const auto replayed = Population::replay(text, "everyone", owner.public_key());
  if (!replayed) {
    GBX_CHECK(replayed.error().code == gbx::ErrorCode::unverified);
    return 0;
  }
  if (!replayed->is_set()) return 0;
  gbx::privacy::Price most;
  for (const auto& set : replayed->totals()) {
    most = {std::max(most.loss, set.total.loss), std::max(most.delta, set.total.delta)};
  }
  GBX_CHECK(covers(most, add(replayed->spent(), replayed->in_rooms())));
  const auto again = Population::parse(replayed->print(owner), "everyone", owner.public_key());
  GBX_CHECK(again && again->head() == replayed->head());
  return 0;
}
