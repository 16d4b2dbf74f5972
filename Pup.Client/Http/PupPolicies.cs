namespace Pup.Client.Http;

/// <summary>What a caller may do over HTTP. Every route of Pup asks for one of the two.</summary>
public static class PupPolicies
{
    /// <summary>To see lag, status and dead letters without their payloads, and to wait.</summary>
    public const string Read = "pup read";

    /// <summary>To change something, and to see payloads and what other sessions of the database do. Includes <see cref="Read"/>.</summary>
    public const string Operate = "pup operate";
}
