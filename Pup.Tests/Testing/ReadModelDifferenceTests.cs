using Pup.Grains.Testing;

namespace Pup.Tests.Testing;

/// <summary>Which row is said to differ.</summary>
public sealed class ReadModelDifferenceTests
{
    [Fact]
    public void The_same_rows_do_not_differ() => Assert.Null(Between([("a", "1"), ("b", "2")], [("a", "1"), ("b", "2")]));

    [Fact]
    public void A_row_with_the_same_key_is_shown_in_both_states() =>
        Assert.Equal("Table t, row b:\n  before: 2\n  after: 3", Between([("a", "1"), ("b", "2")], [("a", "1"), ("b", "3")]));

    [Fact]
    public void A_row_that_is_missing_is_not_compared_with_the_one_after_it()
    {
        Assert.Equal("Table t, row b:\n  before: 2\n  after: no such row", Between([("a", "1"), ("b", "2"), ("c", "3")], [("a", "1"), ("c", "3")]));
        Assert.Equal("Table t, row b:\n  before: no such row\n  after: 2", Between([("a", "1"), ("c", "3")], [("a", "1"), ("b", "2"), ("c", "3")]));
        Assert.Equal("Table t, row a:\n  before: 1\n  after: no such row", Between([("a", "1")], []));
    }

    [Fact]
    public void Rows_without_a_key_are_counted() =>
        Assert.Equal("Table t, row:\n  before: 1\n  after: no such row", Between([("", "1"), ("", "1"), ("", "2")], [("", "1"), ("", "2")]));

    [Fact]
    public void A_table_that_only_one_side_has_is_a_difference()
    {
        Assert.Equal("Table t is there before, and is not after.", ReadModelDifference.Between([new TableRows("t", [])], "before", [], "after"));
        Assert.Equal("Table t is there after, and is not before.", ReadModelDifference.Between([], "before", [new TableRows("t", [])], "after"));
    }

    private static string? Between((string Key, string Row)[] one, (string Key, string Row)[] other) =>
        ReadModelDifference.Between([Rows(one)], "before", [Rows(other)], "after");

    private static TableRows Rows((string Key, string Row)[] rows) => new("t", [.. rows.Select(row => new TableRow(row.Key, row.Row))]);
}
