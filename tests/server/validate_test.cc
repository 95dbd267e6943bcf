#include "src/server/api/validate.h"

#include <gtest/gtest.h>

#include "src/server/api/errors.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;

void AddPut(const std::string& key, google::protobuf::RepeatedPtrField<pb::RequestOp>* branch) {
  branch->Add()->mutable_request_put()->set_key(key);
}

void AddDelete(const std::string& key, const std::string& end,
               google::protobuf::RepeatedPtrField<pb::RequestOp>* branch) {
  auto* request = branch->Add()->mutable_request_delete_range();
  request->set_key(key);
  request->set_range_end(end);
}

TEST(ValidateTest, AKeyIsRequiredEverywhere) {  // behaviour 13
  EXPECT_EQ(ValidateRange({}), EmptyKeyError());
  EXPECT_EQ(ValidatePut({}), EmptyKeyError());
  EXPECT_EQ(ValidateDeleteRange({}), EmptyKeyError());
  pb::TxnRequest txn;
  txn.add_compare();
  EXPECT_EQ(ValidateTxn(txn, 128), EmptyKeyError());
}

TEST(ValidateTest, SortOptionsOutsideTheEnumsAreRefused) {  // behaviour 17
  pb::RangeRequest request;
  request.set_key("k");
  request.set_sort_order(static_cast<pb::RangeRequest::SortOrder>(3));
  EXPECT_EQ(ValidateRange(request), InvalidSortOptionError());
  request.set_sort_order(pb::RangeRequest::DESCEND);
  request.set_sort_target(static_cast<pb::RangeRequest::SortTarget>(5));
  EXPECT_EQ(ValidateRange(request), InvalidSortOptionError());
  request.set_sort_target(pb::RangeRequest::VALUE);
  EXPECT_TRUE(ValidateRange(request).ok());
}

TEST(ValidateTest, IgnoredFieldsMustBeEmpty) {  // behaviour 28
  pb::PutRequest request;
  request.set_key("k");
  request.set_ignore_value(true);
  request.set_value("v");
  EXPECT_EQ(ValidatePut(request), ValueProvidedError());
  request.clear_value();
  request.set_ignore_lease(true);
  request.set_lease(7);
  EXPECT_EQ(ValidatePut(request), LeaseProvidedError());
  request.clear_lease();
  EXPECT_TRUE(ValidatePut(request).ok());
}

TEST(ValidateTest, TheLongestListOfATxnIsBoundedAndNestedOnesShareWhatIsLeft) {  // behaviour 35
  pb::TxnRequest txn;
  for (int i = 0; i < 3; ++i) AddPut("k" + std::to_string(i), txn.mutable_success());
  EXPECT_TRUE(ValidateTxn(txn, 3).ok());
  EXPECT_EQ(ValidateTxn(txn, 2), TooManyOpsError());

  pb::TxnRequest outer;
  *outer.add_success()->mutable_request_txn() = txn;
  EXPECT_TRUE(ValidateTxn(outer, 4).ok());
  EXPECT_EQ(ValidateTxn(outer, 3), TooManyOpsError());
}

TEST(ValidateTest, AnEmptyOperationIsAKeyNotFound) {  // behaviour 36
  pb::TxnRequest txn;
  txn.add_failure();
  EXPECT_EQ(ValidateTxn(txn, 128), KeyNotFoundError());
}

TEST(ValidateTest, AKeyIsPutOnceInABranch) {  // behaviour 37
  pb::TxnRequest txn;
  AddPut("a", txn.mutable_success());
  AddPut("a", txn.mutable_failure());
  EXPECT_TRUE(ValidateTxn(txn, 128).ok());
  AddPut("a", txn.mutable_failure());
  EXPECT_EQ(ValidateTxn(txn, 128), DuplicateKeyError());
}

TEST(ValidateTest, APutInADeletedRangeIsRefusedInAnyOrder) {
  pb::TxnRequest txn;
  AddPut("b", txn.mutable_success());
  AddDelete("a", "c", txn.mutable_success());
  EXPECT_EQ(ValidateTxn(txn, 128), DuplicateKeyError());

  pb::TxnRequest apart;
  AddDelete("a", "b", apart.mutable_success());
  AddPut("b", apart.mutable_success());
  EXPECT_TRUE(ValidateTxn(apart, 128).ok());
}

TEST(ValidateTest, APutMayStandBesideADeleteOfEverythingFromAKeyOn) {
  pb::TxnRequest txn;
  AddDelete("a", std::string("\0", 1), txn.mutable_success());
  AddPut("a", txn.mutable_success());
  AddPut("b", txn.mutable_success());
  EXPECT_TRUE(ValidateTxn(txn, 128).ok());
}

TEST(ValidateTest, DuplicateKeysAreLookedForWhenNothingElseIsWrong) {
  pb::TxnRequest txn;
  pb::TxnRequest* nested = txn.add_success()->mutable_request_txn();
  AddPut("a", nested->mutable_success());
  AddPut("a", nested->mutable_success());
  EXPECT_EQ(ValidateTxn(txn, 128), DuplicateKeyError());
  AddPut("", txn.mutable_failure());
  EXPECT_EQ(ValidateTxn(txn, 128), EmptyKeyError());
}

TEST(ValidateTest, OverlappingDeletesAreFine) {
  pb::TxnRequest txn;
  AddDelete("a", "z", txn.mutable_success());
  AddDelete("a", "", txn.mutable_success());
  AddDelete("c", std::string("\0", 1), txn.mutable_success());
  EXPECT_TRUE(ValidateTxn(txn, 128).ok());
}

TEST(ValidateTest, NestedTransactionsCountTogetherWithTheirParent) {
  pb::TxnRequest txn;
  AddPut("a", txn.mutable_success());
  AddPut("a", txn.add_success()->mutable_request_txn()->mutable_success());
  EXPECT_EQ(ValidateTxn(txn, 128), DuplicateKeyError());

  pb::TxnRequest deleted;
  AddDelete("a", "z", deleted.mutable_success());
  AddPut("b", deleted.add_success()->mutable_request_txn()->mutable_failure());
  EXPECT_EQ(ValidateTxn(deleted, 128), DuplicateKeyError());
}

TEST(ValidateTest, BothBranchesOfANestedTransactionMayPutAKey) {
  pb::TxnRequest txn;
  auto* nested = txn.add_success()->mutable_request_txn();
  AddPut("a", nested->mutable_success());
  AddPut("a", nested->mutable_failure());
  EXPECT_TRUE(ValidateTxn(txn, 128).ok());
  AddPut("a", txn.add_success()->mutable_request_txn()->mutable_failure());
  EXPECT_EQ(ValidateTxn(txn, 128), DuplicateKeyError());
}

TEST(NatureTest, OnlyRangesAreReadOnlyAndAllMustBeSerializable) {  // behaviour 43
  pb::TxnRequest txn;
  txn.add_success()->mutable_request_range()->set_serializable(true);
  EXPECT_TRUE(NatureOf(txn).read_only);
  EXPECT_TRUE(NatureOf(txn).serializable);
  txn.add_failure()->mutable_request_range();
  EXPECT_TRUE(NatureOf(txn).read_only);
  EXPECT_FALSE(NatureOf(txn).serializable);
  txn.add_failure()->mutable_request_txn();
  EXPECT_FALSE(NatureOf(txn).read_only);
}

TEST(NatureTest, ComparesAloneAreLinearizable) { EXPECT_FALSE(NatureOf({}).serializable); }

}  // namespace
}  // namespace stele::server
