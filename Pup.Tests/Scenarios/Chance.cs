using System.Globalization;

namespace Pup.Tests.Scenarios;

/// <summary>The randomness of one scenario: seeded, and the seed is printed so that a failure can be played again (PUP_SEED).</summary>
internal static class Chance
{
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("PUP_LONG") == "1";

    public static (int Seed, Random Random) New()
    {
        var seed = Environment.GetEnvironmentVariable("PUP_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed} (PUP_SEED={seed} plays it again)");
        return (seed, new Random(seed));
    }

    /// <summary>A number from 0 to 1 that depends on nothing but the seed and the position.</summary>
    public static double Of(int seed, long position)
    {
        var x = unchecked((ulong)position * 0x9E3779B97F4A7C15UL ^ ((ulong)(uint)seed << 17));
        x = unchecked((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL);
        x = unchecked((x ^ (x >> 27)) * 0x94D049BB133111EBUL);
        return (x ^ (x >> 31)) / (double)ulong.MaxValue;
    }
}
