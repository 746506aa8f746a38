#include "client/room/close.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"
#include "trusted/packet/statement.h"

namespace gbx::client {
namespace {

struct Closing {
  Closing() {
    room.signing_key = spec::example_signing_key("room").public_key();
    room.log_origin = "glovebox/spring/1/boot";
    statement.subject_name = room.log_origin;
    statement.predicate_type = std::string(packet::kClosingPredicate);
    statement.predicate = Json::object({{"kind", "close"}});
  }
  [[nodiscard]] std::string reason(const std::string& signer = "room") const {
    const packet::Envelope envelope =
        packet::make_statement(statement, spec::example_signing_key(signer));
    const Status holds = check_closing(packet::print_envelope(envelope), room);
    return holds ? "" : std::string(holds.error().reason.view());
  }
  packet::Binding room;
  packet::Statement statement;
};

TEST(Close, TheRoomsOwnStatementHolds) { EXPECT_EQ(Closing().reason(), ""); }

TEST(Close, AHostCannotSayThatARoomIsClosed) {
  EXPECT_EQ(Closing().reason("host"), "signature_missing");
  EXPECT_FALSE(check_closing("closed", Closing().room));
}

TEST(Close, AStatementOfAnotherBootIsNone) {
  Closing closing;
  closing.statement.subject_name = "glovebox/spring/1/other";
  EXPECT_EQ(closing.reason(), "closing_malformed");
}

TEST(Close, AnAnswerIsNoClosingStatement) {
  Closing closing;
  closing.statement.predicate_type = std::string(packet::kAnswerPredicate);
  EXPECT_EQ(closing.reason(), "predicate_type_wrong");
}

}  // namespace
}  // namespace gbx::client
