namespace Pup.Client.Http.Access;

/// <summary>A key as it is written in the configuration or in the key file: itself, or its SHA-256 in hexadecimal digits.</summary>
internal sealed record ApiKeyEntry
{
    public string? Name { get; init; }

    public string? Key { get; init; }

    public string? Sha256 { get; init; }

    public string? Role { get; init; }
}
