using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pup.Tests.Scenarios.Proxy;

/// <summary>A line between engine and server that fails at the moments a test asks for.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private readonly int _serverPort;

    /// <param name="serverPort">Where the server listens.</param>
    /// <param name="port">Where this one listens; 0 is any free port.</param>
    /// <param name="address">Of which address; null is loopback.</param>
    public TcpProxy(int serverPort, int port = 0, IPAddress? address = null)
    {
        _serverPort = serverPort;
        _listener = new TcpListener(address ?? IPAddress.Loopback, port);
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Decides what becomes of each COMMIT.</summary>
    public Func<CommitFate> OnCommit { get; set; } = static () => CommitFate.Pass;

    /// <summary>How many bytes a client may still send until its connection freezes: it stays open, and nothing moves.</summary>
    public Func<int, bool> FreezeAfterSending { get; set; } = static _ => false;

    /// <summary>Whether frozen connections are closed towards the client, though the server sees nothing of it.</summary>
    public bool CutFrozenClients { get; set; }

    /// <summary>Connections frozen so far.</summary>
    public int Frozen => _frozen;

    private int _frozen;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(CarryAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException
            || (exception is InvalidOperationException && _stop.IsCancellationRequested))
        {
            // It was disposed, perhaps between two connections.
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _serverPort, ended.Token);
            var fate = new Line();
            await Task.WhenAny(ToServerAsync(client, server, fate, ended.Token), ToClientAsync(server, client, fate, ended.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
        finally
        {
            await ended.CancelAsync();
            client.Dispose();
        }
    }

    private async Task ToServerAsync(Socket client, Socket server, Line fate, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        int read;
        while ((read = await client.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            var bytes = buffer.AsMemory(0, read);
            if (FreezeAfterSending(read))
            {
                fate.Frozen = true;
                await server.SendAsync(bytes[..(read / 2)], cancellationToken);
                Interlocked.Increment(ref _frozen);
                if (CutFrozenClients)
                    client.Dispose();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            if (fate.Commits.IsIn(bytes.Span))
            {
                fate.Value = OnCommit();
                if (fate.Value == CommitFate.CutBefore)
                    return;
            }

            await SendAllAsync(server, bytes, cancellationToken);
            if (fate.Value == CommitFate.CutAtOnce)
            {
                // Half closed: a reset would take from the server what it has not read yet.
                client.Dispose();
                server.Shutdown(SocketShutdown.Send);
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
        }
    }

    private static async Task ToClientAsync(Socket server, Socket client, Line fate, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        int read;
        while ((read = await server.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            if (fate.Frozen || fate.Value == CommitFate.CutAtOnce)
                continue;
            switch (fate.Value)
            {
                case CommitFate.CutAfter:
                    return;
                case CommitFate.Stall:
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    break;
                case CommitFate.Delay:
                    await Task.Delay(100, cancellationToken);
                    fate.Value = CommitFate.Pass;
                    break;
            }

            await SendAllAsync(client, buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
    }

    private sealed class Line
    {
        public CommitFate Value { get; set; }

        public CommitSpotter Commits { get; } = new();

        public bool Frozen { get; set; }
    }
}
