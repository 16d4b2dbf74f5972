using System.Security.Cryptography;
using System.Text;

namespace Pup.Client.Http.Access;

/// <summary>A key that lets its bearer in; only its hash is kept.</summary>
internal sealed class ApiKey
{
    private const int LeastLength = 16;
    private readonly byte[] _hash;

    private ApiKey(string name, string policy, byte[] hash) => (Name, Policy, _hash) = (name, policy, hash);

    /// <summary>Who bears it, for the audit.</summary>
    public string Name { get; }

    /// <summary>What it allows.</summary>
    public string Policy { get; }

    /// <exception cref="FormatException">It cannot be meant; the message never shows the key.</exception>
    public static ApiKey Of(ApiKeyEntry entry)
    {
        var name = entry.Name?.Trim();
        if (string.IsNullOrEmpty(name))
            throw new FormatException("An API key has no name.");
        var policy = entry.Role?.Trim().ToLowerInvariant() switch
        {
            "read" => PupPolicies.Read,
            "operate" => PupPolicies.Operate,
            _ => throw new FormatException($"The role of API key '{name}' must be read or operate."),
        };
        return new ApiKey(name, policy, HashOf(entry, name));
    }

    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    public bool Allows(string policy) => Policy == PupPolicies.Operate || Policy == policy;

    public bool HasHash(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(_hash, hash);

    /// <summary>Name, role and the beginning of the hash: what may be logged.</summary>
    public override string ToString() => $"{Name} ({Policy}, {Convert.ToHexStringLower(_hash.AsSpan(0, 4))})";

    private static byte[] HashOf(ApiKeyEntry entry, string name)
    {
        if (entry is { Key: not null, Sha256: not null } or { Key: null, Sha256: null })
            throw new FormatException($"API key '{name}' must have either a key or its sha256.");
        if (entry.Key is { } key)
        {
            return key.Length >= LeastLength
                ? Hash(key)
                : throw new FormatException($"API key '{name}' is shorter than {LeastLength} characters, so it could be guessed.");
        }

        var hash = new byte[SHA256.HashSizeInBytes];
        return Convert.FromHexString(entry.Sha256!.Trim(), hash, out var consumed, out var written) == System.Buffers.OperationStatus.Done
            && written == hash.Length && consumed == entry.Sha256.Trim().Length
            ? hash
            : throw new FormatException($"The sha256 of API key '{name}' must be 64 hexadecimal digits.");
    }
}
