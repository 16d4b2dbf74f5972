using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination;

namespace Pup.Tests.Checkpoints;

public sealed class CheckpointNameTests
{
    [Fact]
    public void A_row_is_named_as_pupsourcing_names_it()
    {
        Assert.Equal("orders", CheckpointName.Of("orders", 0, 1));
        Assert.Equal("orders_p3", CheckpointName.Of("orders", 3, 4));
    }

    [Theory]
    [InlineData("orders", true)]
    [InlineData("system.integration.watermill.v1", true)]
    [InlineData("orders_p", true)]
    [InlineData("orders_p3", false)]
    [InlineData("orders/3", false)]
    [InlineData("bestellungen-ü", false)]
    [InlineData("", false)]
    public void Only_names_that_cannot_be_mistaken_are_allowed(string name, bool allowed) => Assert.Equal(allowed, CheckpointName.Problem(name) is null);

    [Fact]
    public void A_name_is_at_most_a_hundred_characters_long()
    {
        Assert.Null(CheckpointName.Problem(new string('a', 100)));
        Assert.NotNull(CheckpointName.Problem(new string('a', 101)));
    }

    [Theory]
    [InlineData(4, new[] { "x_p0", "x_p3" }, true)]
    [InlineData(3, new[] { "x_p0", "x_p3" }, false)]
    [InlineData(1, new[] { "x" }, true)]
    [InlineData(4, new[] { "x" }, false)]
    [InlineData(1, new[] { "x_p0" }, false)]
    [InlineData(4, new[] { "x", "x_p0" }, false)]
    [InlineData(1, new[] { "x", "x_other", "x_pq" }, true)]
    [InlineData(4, new string[0], true)]
    public void Existing_rows_must_fit_the_stated_number_of_partitions(int partitions, string[] rows, bool fits) =>
        Assert.Equal(fits, Adoption.Problem("x", partitions, rows) is null);
}
