using Pup.Grains.Failures;

namespace Pup.Tests.Failures;

public sealed class ParkedKeysTests
{
    [Fact]
    public void More_keys_than_the_cap_brought_together_by_a_repartition_stay_and_only_one_more_is_too_many()
    {
        var parked = new ParkedKeys(["a", "b", "c"], limit: 2);

        Assert.Equal(3, parked.Count);
        Assert.False(parked.WouldExceed(0));
        Assert.True(parked.WouldExceed(1));
    }
}
