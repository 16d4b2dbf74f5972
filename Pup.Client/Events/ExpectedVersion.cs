using System.Globalization;

namespace Pup.Client.Events;

/// <summary>What an append expects of its aggregate: nothing, that it does not exist, or an exact version.</summary>
/// <remarks><c>default</c> is <see cref="NoStream"/>, which is also <see cref="Exact"/>(0).</remarks>
public readonly record struct ExpectedVersion
{
    private const long AnyValue = -1;

    private ExpectedVersion(long value) => Number = value;

    /// <summary>No expectation: the events go behind whatever is there.</summary>
    public static ExpectedVersion Any { get; } = new(AnyValue);

    /// <summary>The aggregate must not exist yet.</summary>
    public static ExpectedVersion NoStream { get; }

    /// <summary>True for <see cref="Any"/>.</summary>
    public bool IsAny => Number == AnyValue;

    /// <summary>True for <see cref="NoStream"/> and <see cref="Exact"/>(0).</summary>
    public bool IsNoStream => Number == 0;

    /// <summary>True for <see cref="Exact"/> of 1 or more.</summary>
    public bool IsExact => Number > 0;

    /// <summary>The exact version; 0 for <see cref="Any"/> and <see cref="NoStream"/>.</summary>
    public long Value => Math.Max(Number, 0);

    /// <summary>As it travels to the server: -1, 0 or the version.</summary>
    internal long Number { get; }

    /// <summary>The aggregate must be at exactly this version.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="version"/> is negative.</exception>
    public static ExpectedVersion Exact(long version)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        return new(version);
    }

    /// <inheritdoc />
    public override string ToString() =>
        IsAny ? "Any" : IsNoStream ? "NoStream" : string.Create(CultureInfo.InvariantCulture, $"Exact({Number})");
}
