namespace Pup.Client.Http;

/// <summary>
/// Who is let in. Unless the host names policies of its own, callers need an API key (<c>Pup:ApiKeys</c>, <c>Pup:ApiKeyFile</c>) and,
/// while none is configured, must be on this machine.
/// </summary>
public sealed class PupHttpOptions
{
    /// <summary>The host's authorization policy for reading, in place of keys. Default: none.</summary>
    public string? ReadPolicy { get; set; }

    /// <summary>The host's authorization policy for operating, in place of keys. Default: none.</summary>
    public string? OperatePolicy { get; set; }
}
